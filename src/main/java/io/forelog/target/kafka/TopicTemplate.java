package io.forelog.target.kafka;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The {@code topic} of a kafka target: a name that may hold {@code {destination}} and {@code {namespace}}. What they stand
 * for is never changed to make a legal name. Immutable, any thread.
 */
record TopicTemplate(String text) {
    private static final Pattern LEGAL = Pattern.compile("[a-zA-Z0-9._-]{1,249}");
    private static final Pattern TEMPLATE = Pattern.compile("([a-zA-Z0-9._-]|\\{destination}|\\{namespace})+");

    static @Nullable String expectation(Object text) {
        return TEMPLATE.matcher(text.toString()).matches()
                ? null
                : "a topic's name, which may hold {destination} and {namespace}";
    }

    /** Null where no topic can have the name that comes out. */
    @Nullable
    String topic(String namespace, String destination) {
        if (text.indexOf('{') < 0) {
            return text;
        }
        String topic = text.replace("{namespace}", namespace).replace("{destination}", destination);
        boolean legal = LEGAL.matcher(topic).matches() && !topic.equals(".") && !topic.equals("..");
        return legal ? topic : null;
    }
}
