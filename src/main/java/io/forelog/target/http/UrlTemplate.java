package io.forelog.target.http;

import io.forelog.model.Entry;
import io.vertx.core.buffer.Buffer;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The {@code url} of an http target: fixed scheme, host and port, and a path and query that may hold {@code {key}},
 * {@code {destination}} and {@code {namespace}}. Values are percent-encoded, slashes too, so that an entry can neither
 * choose a host nor leave its place in the path. Immutable.
 */
final class UrlTemplate {
    private static final String HEX = "0123456789ABCDEF";
    private static final List<String> NAMES = List.of("key", "destination", "namespace");

    private final boolean tls;
    private final String host;
    private final int port;
    private final List<String> parts;
    private final int queryPart;

    private UrlTemplate(boolean tls, String host, int port, List<String> parts, int queryPart) {
        this.tls = tls;
        this.host = host;
        this.port = port;
        this.parts = parts;
        this.queryPart = queryPart;
    }

    /** Null, or what is expected of {@code text}. */
    static @Nullable String expectation(Object text) {
        try {
            parse(text.toString());
            return null;
        } catch (IllegalArgumentException e) {
            return e.getMessage();
        }
    }

    /** @throws IllegalArgumentException with the expectation */
    static UrlTemplate parse(String text) {
        int scheme = text.indexOf("://");
        int pathStart = text.length();
        for (int i = scheme + 3; scheme >= 0 && i < text.length(); i++) {
            if ("/?#".indexOf(text.charAt(i)) >= 0) {
                pathStart = i;
                break;
            }
        }
        String base = text.substring(0, pathStart);
        String rest = text.substring(pathStart);
        if (base.indexOf('{') >= 0 || base.indexOf('}') >= 0) {
            throw new IllegalArgumentException("no {…} before the path: an entry can't choose the host");
        }
        URI uri = uri(base);
        String name = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (!name.equals("http") && !name.equals("https") || uri.getHost() == null) {
            throw new IllegalArgumentException("http://host[:port]/path or https://host[:port]/path");
        }
        if (uri.getRawUserInfo() != null) {
            throw new IllegalArgumentException("no user or password in the URL: use authorization");
        }
        if (rest.indexOf('#') >= 0) {
            throw new IllegalArgumentException("no fragment");
        }
        boolean tls = name.equals("https");
        int port = uri.getPort() >= 0 ? uri.getPort() : tls ? 443 : 80;
        return split(tls, uri.getHost(), port, rest.startsWith("/") ? rest : "/" + rest);
    }

    private static URI uri(String base) {
        try {
            return new URI(base);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("an absolute http or https URL", e);
        }
    }

    /** Even parts are literal, odd ones the name of a value. */
    private static UrlTemplate split(boolean tls, String host, int port, String path) {
        List<String> parts = new ArrayList<>();
        int queryPart = Integer.MAX_VALUE;
        int from = 0;
        for (int open = path.indexOf('{'); open >= 0; open = path.indexOf('{', from)) {
            int close = path.indexOf('}', open);
            String value = close < 0 ? "" : path.substring(open + 1, close);
            if (!NAMES.contains(value)) {
                throw new IllegalArgumentException("{key}, {destination} and {namespace} only");
            }
            parts.add(literal(path.substring(from, open)));
            parts.add(value);
            from = close + 1;
        }
        parts.add(literal(path.substring(from)));
        for (int i = 0; i < parts.size(); i += 2) {
            if (parts.get(i).indexOf('?') >= 0) {
                queryPart = i;
                break;
            }
        }
        return new UrlTemplate(tls, host, port, List.copyOf(parts), queryPart);
    }

    private static String literal(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c >= 0x7F || c == '}' || c == '"' || c == '<' || c == '>' || c == '\\') {
                throw new IllegalArgumentException("printable ASCII, percent-encoded where it must be");
            }
        }
        return text;
    }

    boolean tls() {
        return tls;
    }

    String host() {
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    int port() {
        return port;
    }

    /**
     * Path and query for {@code entry}.
     *
     * @throws IllegalArgumentException where a value can't stand in a path: empty, {@code .} or {@code ..}
     */
    String pathFor(Entry entry, String destination) {
        if (parts.size() == 1) {
            return parts.get(0);
        }
        StringBuilder path = new StringBuilder(64);
        for (int i = 0; i < parts.size(); i++) {
            String part = parts.get(i);
            if (i % 2 == 0) {
                path.append(part);
                continue;
            }
            int from = path.length();
            append(path, valueOf(part, entry, destination));
            if (i < queryPart) {
                check(part, path.substring(from));
            }
        }
        return path.toString();
    }

    private static Buffer valueOf(String name, Entry entry, String destination) {
        return switch (name) {
            case "key" -> entry.key();
            case "destination" -> Buffer.buffer(destination);
            default -> Buffer.buffer(entry.namespace());
        };
    }

    private static void check(String name, String encoded) {
        if (encoded.isEmpty() || encoded.equals(".") || encoded.equals("..")) {
            throw new IllegalArgumentException(
                    name + ": '" + encoded + "' (expected: something that can stand in the path of the url)");
        }
    }

    private static void append(StringBuilder path, Buffer value) {
        for (int i = 0; i < value.length(); i++) {
            int c = value.getByte(i) & 0xFF;
            if (unreserved(c)) {
                path.append((char) c);
            } else {
                percent(path, c);
            }
        }
    }

    /** RFC 3986, 2.3. */
    private static boolean unreserved(int c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '-'
                || c == '_'
                || c == '.'
                || c == '~';
    }

    private static void percent(StringBuilder text, int octet) {
        text.append('%').append(HEX.charAt(octet >> 4)).append(HEX.charAt(octet & 0xF));
    }
}
