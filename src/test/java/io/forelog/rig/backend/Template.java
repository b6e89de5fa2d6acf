package io.forelog.rig.backend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A server's configuration file with {@code @name@} for what differs between instances. Stateless. */
final class Template {
    private Template() {}

    static String fill(Path file, Map<String, String> values) throws IOException {
        return fill(file, "", values);
    }

    /** With {@code more} lines behind the file's, filled in as well. */
    static String fill(Path file, String more, Map<String, String> values) throws IOException {
        String text = Files.readString(file) + more;
        for (Map.Entry<String, String> value : values.entrySet()) {
            text = text.replace("@" + value.getKey() + "@", value.getValue());
        }
        if (text.matches("(?s).*@[a-z-]+@.*")) {
            throw new IllegalStateException(file + ": a name was not filled in:\n" + text);
        }
        return text;
    }
}
