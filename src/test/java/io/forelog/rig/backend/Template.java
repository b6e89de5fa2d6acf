package io.forelog.rig.backend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A server's configuration file with {@code @name@} for what differs between instances. Stateless. */
final class Template {
    private Template() {}

    static String fill(Path file, Map<String, String> values) throws IOException {
        String text = Files.readString(file);
        for (Map.Entry<String, String> value : values.entrySet()) {
            text = text.replace("@" + value.getKey() + "@", value.getValue());
        }
        if (text.matches("(?s).*@[a-z-]+@.*")) {
            throw new IllegalStateException(file + ": a name was not filled in:\n" + text);
        }
        return text;
    }
}
