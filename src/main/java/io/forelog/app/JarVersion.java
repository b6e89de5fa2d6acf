package io.forelog.app;

import picocli.CommandLine.IVersionProvider;

/** The version that the jar's manifest names; outside a jar (tests, an IDE) there is none. Stateless. */
final class JarVersion implements IVersionProvider {
    @Override
    public String[] getVersion() {
        String version = Main.class.getPackage().getImplementationVersion();
        return new String[] {"forelog " + (version == null ? "(not packaged)" : version)};
    }
}
