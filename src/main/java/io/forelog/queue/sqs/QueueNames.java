package io.forelog.queue.sqs;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.QueueSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a namespace document says of its SQS queues. Immutable.
 *
 * @param queues at least one; entries are spread over them, by key where they have one
 * @param dead one for each of {@code queues}; the same one may stand there several times
 * @param fifo all of {@code queues} are FIFO queues
 * @param pollSeconds a poll waits
 * @param pollMessages asked for at a time, by as many requests as it takes
 */
record QueueNames(List<String> queues, List<String> dead, boolean fifo, int pollSeconds, int pollMessages) {
    static final String FIFO = ".fifo";
    static final Duration RETENTION = Duration.ofDays(14);
    private static final String QUEUE = "wal-queue";
    private static final String DEAD = "wal-dlq-queue";
    private static final String SECONDS = "queue.poll-interval.secs";
    private static final String MESSAGES = "queue.max-messages-per-poll";

    static ConfigSchema schema() {
        return ConfigSchema.builder()
                .add(new Key(
                        QUEUE,
                        Kind.TEXT_LIST,
                        true,
                        "",
                        false,
                        "names of the queues, spread over by key",
                        QueueNames::atLeastOne))
                .optional(DEAD, Kind.TEXT_LIST, "<queue>-dlq", "names of the dead-letter queues")
                .add(whole(SECONDS, 20, "20", "seconds a poll waits"))
                .add(whole(MESSAGES, 1_000, "100", "messages asked for at a time, in requests of 10"))
                .build();
    }

    private static @Nullable String atLeastOne(Object value) {
        return ((List<?>) value).isEmpty() ? "at least one queue" : null;
    }

    private static Key whole(String name, int most, String usual, String meaning) {
        return new Key(name, Kind.INTEGER, false, usual, false, meaning, value -> {
            long number = ((Number) value).longValue();
            return number >= 1 && number <= most ? null : "1 to " + most;
        });
    }

    /** @throws WalException INVALID_ARGUMENT where SQS can't do what the document asks for */
    static QueueNames of(QueueSpec spec) {
        Map<String, Object> config = spec.config();
        List<String> queues = texts(config.get(QUEUE));
        boolean fifo = queues.stream().allMatch(name -> name.endsWith(FIFO));
        if (queues.isEmpty()) {
            throw refused(QUEUE + ": missing (expected: at least one queue)");
        } else if (!fifo && queues.stream().anyMatch(name -> name.endsWith(FIFO))) {
            throw refused(QUEUE + ": " + queues + " (expected: all of them FIFO queues, or none)");
        } else if (spec.ordered() && !fifo) {
            throw refused("delivery.order: key on the standard queues " + queues
                    + " (expected: FIFO queues, whose names end with .fifo; a standard queue keeps no order)");
        } else if (fifo && !spec.ordered()) {
            throw refused(QUEUE + ": " + queues
                    + " (expected: delivery.order: key with FIFO queues, which serve the immediate only; else standard"
                    + " queues)");
        } else if (spec.deadLetterRetention().compareTo(RETENTION) > 0) {
            throw refused("dead_letter.retention: " + spec.deadLetterRetention() + " (expected: at most " + RETENTION
                    + ", SQS keeps nothing longer)");
        }
        return new QueueNames(
                queues,
                dead(queues, texts(config.get(DEAD))),
                fifo,
                number(config.get(SECONDS), 20),
                number(config.get(MESSAGES), 100));
    }

    private static List<String> dead(List<String> queues, List<String> named) {
        List<String> dead = new ArrayList<>(queues.size());
        for (int i = 0; i < queues.size(); i++) {
            String name = queues.get(i);
            String plain = name.endsWith(FIFO) ? name.substring(0, name.length() - FIFO.length()) : name;
            dead.add(named.isEmpty() ? plain + "-dlq" : named.get(i % named.size()));
        }
        if (dead.stream().anyMatch(queues::contains)) {
            throw refused(DEAD + ": " + dead + " (expected: other queues than " + queues + ")");
        }
        return dead;
    }

    private static List<String> texts(@Nullable Object value) {
        List<String> texts = new ArrayList<>();
        if (value instanceof List<?> list) {
            list.forEach(each -> texts.add(String.valueOf(each)));
        }
        return texts;
    }

    private static int number(@Nullable Object value, int otherwise) {
        return value instanceof Number number ? number.intValue() : otherwise;
    }

    private static WalException refused(String text) {
        return new WalException(ErrorCode.INVALID_ARGUMENT, text);
    }
}
