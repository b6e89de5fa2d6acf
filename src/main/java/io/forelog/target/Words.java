package io.forelog.target;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import javax.net.ssl.SSLException;

/** Reads an adapter's checked {@code config}, and cuts what a target says to one short line. Stateless, any thread. */
public final class Words {
    /** Of a target's own words. */
    public static final int SAID_MAX = 300;

    private static final int CAUSES_MAX = 10;
    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    private Words() {}

    public static String text(Map<String, Object> config, String name, String otherwise) {
        Object value = config.get(name);
        return value == null ? otherwise : value.toString();
    }

    public static int number(Map<String, Object> config, String name, int otherwise) {
        return config.get(name) instanceof Number value ? value.intValue() : otherwise;
    }

    public static boolean flag(Map<String, Object> config, String name, boolean otherwise) {
        return config.get(name) instanceof Boolean value ? value : otherwise;
    }

    public static Duration duration(Map<String, Object> config, String name, Duration otherwise) {
        return config.get(name) instanceof String value ? Duration.parse(value) : otherwise;
    }

    @SuppressWarnings("unchecked") // the schema has checked it
    public static Map<String, String> map(Map<String, Object> config, String name) {
        return config.get(name) instanceof Map<?, ?> value ? (Map<String, String>) value : Map.of();
    }

    /** One line of at most {@link #SAID_MAX} characters. */
    public static String said(String text) {
        String cut = text.length() > SAID_MAX ? text.substring(0, SAID_MAX) : text;
        StringBuilder line = new StringBuilder(cut.length());
        for (int i = 0; i < cut.length(); i++) {
            char c = cut.charAt(i);
            line.append(c < ' ' || c == 0x7F ? ' ' : c);
        }
        return line.toString().strip();
    }

    /**
     * What is said of a call that failed on our side; of a TLS handshake, why. Not what an IllegalArgumentException says: it may be a client's
     * that refuses a header, and repeats its value.
     */
    public static String said(Throwable failure) {
        if (failure instanceof IllegalArgumentException) {
            return "the client refused the request: " + failure.getClass().getSimpleName();
        }
        String text = String.valueOf(failure.getMessage());
        if (!(failure instanceof SSLException)) {
            return said(text);
        }
        Throwable root = failure;
        for (int depth = 0; depth < CAUSES_MAX && root.getCause() != null; depth++) {
            root = root.getCause();
        }
        return said(root == failure ? text : text + ": " + root.getMessage());
    }

    /** Text that is printable ASCII as it is; else its UTF-8, percent-encoded where it is not: what a header can hold. */
    public static String ascii(String text) {
        boolean plain = true;
        for (int i = 0; i < text.length() && plain; i++) {
            plain = text.charAt(i) >= ' ' && text.charAt(i) < 0x7F;
        }
        if (plain) {
            return text;
        }
        StringBuilder encoded = new StringBuilder(text.length() + 16);
        for (byte octet : text.getBytes(StandardCharsets.UTF_8)) {
            int c = octet & 0xFF;
            if (c >= ' ' && c < 0x7F && c != '%') {
                encoded.append((char) c);
            } else {
                encoded.append('%').append(HEX.toHexDigits(octet));
            }
        }
        return encoded.toString();
    }
}
