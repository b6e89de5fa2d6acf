package io.forelog.config;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The files and environment variables of the node that a document names as secrets, wherever in it: rather one too many than one
 * too few. Stateless, any thread.
 */
public final class SecretReferences {
    private SecretReferences() {}

    /** Of {@code text} that {@code before} does not have; none where it can't be read, which is refused for itself. */
    public static Set<String> added(String text, String before) {
        Set<String> added = of(text);
        added.removeAll(of(before));
        return added;
    }

    private static Set<String> of(String text) {
        Set<String> found = new TreeSet<>();
        if (!text.isBlank()) {
            collect(
                    new StoredDocument("", 0, 0, "", "", StoredDocument.Action.PUT, text, "document")
                            .read()
                            .values(),
                    found);
        }
        return found;
    }

    private static void collect(@Nullable Object value, Set<String> found) {
        if (value instanceof Map<?, ?> map) {
            map.values().forEach(each -> collect(each, found));
        } else if (value instanceof Collection<?> list) {
            list.forEach(each -> collect(each, found));
        } else if (value instanceof String text) {
            String begin = text.strip().toLowerCase(Locale.ROOT);
            if (begin.startsWith("file:") || begin.startsWith("env:")) {
                found.add(text.strip());
            }
        }
    }
}
