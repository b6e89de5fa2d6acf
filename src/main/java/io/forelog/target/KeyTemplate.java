package io.forelog.target;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name of an item at a target: a text that may hold {@code {key}}, {@code {destination}} and {@code {namespace}}. What they stand
 * for goes in as it is, byte by byte. Other braces are part of the text. Immutable, any thread.
 */
public final class KeyTemplate {
    private static final Pattern NAMES = Pattern.compile("\\{(key|destination|namespace)}");
    private static final Pattern UNKNOWN = Pattern.compile("\\{[a-z_]+}");

    private final String text;
    /** One more than names: what stands before, between and behind them. */
    private final List<byte[]> literals = new ArrayList<>();

    private final List<String> names = new ArrayList<>();

    private KeyTemplate(String text) {
        this.text = text;
        int from = 0;
        Matcher found = NAMES.matcher(text);
        while (found.find()) {
            literals.add(text.substring(from, found.start()).getBytes(StandardCharsets.UTF_8));
            names.add(found.group(1));
            from = found.end();
        }
        literals.add(text.substring(from).getBytes(StandardCharsets.UTF_8));
    }

    /** Null, or what is expected of {@code text}. */
    public static @Nullable String expectation(Object text) {
        String left = NAMES.matcher(text.toString()).replaceAll("");
        return text.toString().isEmpty() || UNKNOWN.matcher(left).find()
                ? "a name, which may hold {key}, {destination} and {namespace} only"
                : null;
    }

    public static KeyTemplate parse(String text) {
        return new KeyTemplate(text);
    }

    /** @throws WalException TARGET_REJECTED where the entry lacks what the template names */
    public byte[] of(Entry entry, String destination) {
        if (text.equals("{key}")) {
            return given(entry.key(), "key").getBytes();
        }
        Buffer name = Buffer.buffer(64);
        for (int i = 0; i < names.size(); i++) {
            name.appendBytes(literals.get(i));
            name.appendBuffer(
                    switch (names.get(i)) {
                        case "key" -> given(entry.key(), "key");
                        case "destination" -> given(Buffer.buffer(destination), "destination");
                        default -> Buffer.buffer(entry.namespace());
                    });
        }
        return name.appendBytes(literals.get(names.size())).getBytes();
    }

    private Buffer given(Buffer value, String name) {
        if (value.length() == 0) {
            throw new WalException(
                    ErrorCode.TARGET_REJECTED, name + ": empty (expected: something to stand in " + text + ")");
        }
        return value;
    }
}
