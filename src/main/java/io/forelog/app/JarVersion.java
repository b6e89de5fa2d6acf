package io.forelog.app;

import picocli.CommandLine.IVersionProvider;

/** The version that the jar's manifest names; outside a jar (tests, an IDE) there is none. Stateless. */
final class JarVersion implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {"forelog " + version()};
    }

    static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "(not packaged)" : version;
    }
}
