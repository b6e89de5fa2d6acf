package io.forelog.target.opensearch;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where a node is. Immutable.
 *
 * @param prefix what stands before every path, as a proxy may want it; without a slash at its end
 */
record NodeUrl(boolean tls, String host, int port, String prefix) {
    private static final String EXPECTED = "http://host[:port][/prefix] or https://…, user and password by settings";
    private static final int PORT = 9200;

    /** Null, or what is expected of {@code text}. */
    static @Nullable String expectation(String text) {
        try {
            parse(text);
            return null;
        } catch (IllegalArgumentException e) {
            return EXPECTED;
        }
    }

    /** @throws IllegalArgumentException where it is none */
    static NodeUrl parse(String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(EXPECTED, e);
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        boolean tls = scheme.equals("https");
        if (!tls && !scheme.equals("http")
                || uri.getHost() == null
                || uri.getRawUserInfo() != null
                || uri.getRawQuery() != null
                || uri.getRawFragment() != null) {
            throw new IllegalArgumentException(EXPECTED);
        }
        String host = uri.getHost();
        return new NodeUrl(
                tls,
                host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
                uri.getPort() >= 0 ? uri.getPort() : PORT,
                uri.getRawPath().replaceAll("/+$", ""));
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
