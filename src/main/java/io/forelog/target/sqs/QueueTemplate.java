package io.forelog.target.sqs;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The {@code queue} of an sqs target: a name that may hold {@code {destination}} and {@code {namespace}}. What they stand for is
 * never changed to make a legal name. Immutable, any thread.
 */
record QueueTemplate(String text) {
    static final String FIFO = ".fifo";
    private static final Pattern LEGAL = Pattern.compile("[a-zA-Z0-9_-]{1,80}|[a-zA-Z0-9_-]{1,75}\\.fifo");
    private static final Pattern TEMPLATE = Pattern.compile("([a-zA-Z0-9_-]|\\{destination}|\\{namespace})+(\\.fifo)?");

    static @Nullable String expectation(Object text) {
        return TEMPLATE.matcher(text.toString()).matches()
                ? null
                : "a queue's name, which may hold {destination} and {namespace}";
    }

    /** Null where no queue can have the name that comes out. */
    @Nullable
    String queue(String namespace, String destination) {
        String queue = text.replace("{namespace}", namespace).replace("{destination}", destination);
        return LEGAL.matcher(queue).matches() ? queue : null;
    }
}
