package io.forelog.queue.sqs;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The node's settings for SQS, {@code queues.sqs} in conf/forelog.yaml. Immutable.
 *
 * @param endpoint empty = the region's own
 * @param region empty = as the SDK's default chain finds it
 * @param accessKey a reference, as secretKey and sessionToken; empty = the SDK's default chain
 * @param anonymous requests are not signed: for servers that ask for nothing
 * @param create queues that don't exist are made
 * @param messageBytes largest message and largest batch; what is larger is checked in with the blob store
 * @param sending most batches on their way to one queue
 * @param pendingEntries that may wait for a batch, a queue, with pendingBytes
 * @param heldMessages received and not settled, a namespace, with heldBytes
 * @param visibility how long a message stays hidden after its holder died
 * @param hop longest DelaySeconds used
 * @param hide longest visibility timeout used for what is due later
 * @param hideMost how many messages are hidden like that at a time
 * @param requestLimit of one request, a long poll's wait comes on top
 * @param poisonReceives a message received so often and never settled is dead
 * @param deadLettersScanned most dead letters that one listing looks at
 * @param blobType of the blob store, {@code blobs.type}
 * @param blobKeep an orphan is collected after it
 * @param blobSettings the rest of {@code blobs}
 */
record SqsSettings(
        String endpoint,
        String region,
        String accessKey,
        String secretKey,
        String sessionToken,
        boolean anonymous,
        boolean create,
        int messageBytes,
        int sending,
        int pendingEntries,
        long pendingBytes,
        int heldMessages,
        long heldBytes,
        Duration visibility,
        Duration hop,
        Duration hide,
        int hideMost,
        Duration requestLimit,
        int poisonReceives,
        int deadLettersScanned,
        String blobType,
        Duration blobKeep,
        Map<String, Object> blobSettings) {
    private static final String PATH = "queues.sqs";
    private static final String BLOBS = "blobs";
    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .optional("endpoint", Kind.TEXT, "the region's", "URL of the service")
            .optional("region", Kind.TEXT, "the default chain's", "name of the region")
            .secret("access_key", "id of the access key")
            .secret("secret_key", "the secret access key")
            .secret("session_token", "of temporary credentials")
            .optional("anonymous", Kind.BOOLEAN, "false", "requests are not signed")
            .optional("create", Kind.BOOLEAN, "false", "makes queues that don't exist")
            .add(whole("message_bytes", 1_048_576, 1_024, 1_048_576, "largest message and batch"))
            .add(whole("sending", 16, 1, 256, "most batches on their way to a queue"))
            .add(whole("pending_entries", 10_000, 1, 1_000_000, "that wait for a batch, a queue"))
            .add(whole("pending_bytes", 64 << 20, 1 << 20, 1 << 30, "that wait for a batch, a queue"))
            .add(whole("held_messages", 1_000, 10, 100_000, "received and not settled, a namespace"))
            .add(whole("held_bytes", 64 << 20, 1 << 20, 1 << 30, "received and not settled, a namespace"))
            .add(span("visibility", "PT30S", Duration.ofSeconds(1), Duration.ofMinutes(15)))
            .add(span("hop", "PT15M", Duration.ofSeconds(1), Duration.ofMinutes(15)))
            .add(span("hide", "PT11H", Duration.ofSeconds(1), Duration.ofHours(11)))
            .add(whole("hide_most", 10_000, 0, 100_000, "messages hidden until they are due"))
            .add(span("request_timeout", "PT10S", Duration.ofMillis(100), Duration.ofMinutes(5)))
            .add(whole("poison_receives", 100, 3, 1_000, "receives without an end that make a message dead"))
            .add(whole("dead_letters_scanned", 1_000, 10, 10_000, "that one listing looks at"))
            .build();

    private static Key whole(String name, int usual, int least, int most, String meaning) {
        return new Key(name, Kind.INTEGER, false, String.valueOf(usual), false, meaning, value -> {
            long number = ((Number) value).longValue();
            return number >= least && number <= most ? null : least + " to " + most;
        });
    }

    private static Key span(String name, String usual, Duration least, Duration most) {
        return new Key(name, Kind.DURATION, false, usual, false, "", value -> {
            Duration time = Duration.parse((String) value);
            return time.compareTo(least) >= 0 && time.compareTo(most) <= 0 ? null : least + " to " + most;
        });
    }

    /** @throws WalException INVALID_ARGUMENT with all that is wrong */
    static SqsSettings of(Map<String, Object> settings) {
        Map<String, Object> own = new LinkedHashMap<>(settings);
        Map<String, Object> blobs = blobs(own.remove(BLOBS));
        List<String> problems = SCHEMA.problems(PATH, own);
        if (!problems.isEmpty()) {
            throw new WalException(ErrorCode.INVALID_ARGUMENT, String.join("; ", problems));
        }
        Values values = new Values(own);
        if (values.text("access_key").isEmpty() != values.text("secret_key").isEmpty()) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT, PATH + ": access_key and secret_key (expected: both or none)");
        }
        Object type = blobs.remove("type");
        Object keep = blobs.remove("keep");
        return new SqsSettings(
                values.text("endpoint"),
                values.text("region"),
                values.text("access_key"),
                values.text("secret_key"),
                values.text("session_token"),
                values.flag("anonymous"),
                values.flag("create"),
                values.number("message_bytes"),
                values.number("sending"),
                values.number("pending_entries"),
                values.number("pending_bytes"),
                values.number("held_messages"),
                values.number("held_bytes"),
                values.time("visibility"),
                values.time("hop"),
                values.time("hide"),
                values.number("hide_most"),
                values.time("request_timeout"),
                values.number("poison_receives"),
                values.number("dead_letters_scanned"),
                type == null ? "embedded" : String.valueOf(type),
                keep == null ? Duration.ofDays(30) : keep(keep),
                blobs);
    }

    private static Map<String, Object> blobs(@Nullable Object value) {
        Map<String, Object> blobs = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, each) -> blobs.put(String.valueOf(key), each));
        } else if (value != null) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT, PATH + "." + BLOBS + ": " + value + " (expected: a map with type)");
        }
        return blobs;
    }

    // Never shorter than a message can live and be re-sent: a blob that is collected too early is a payload lost.
    private static Duration keep(Object value) {
        if (value instanceof String text) {
            try {
                Duration keep = Duration.parse(text);
                if (keep.compareTo(Duration.ofDays(15)) >= 0) {
                    return keep;
                }
            } catch (java.time.format.DateTimeParseException e) {
                // told below
            }
        }
        throw new WalException(
                ErrorCode.INVALID_ARGUMENT,
                PATH + "." + BLOBS + ".keep: " + value + " (expected: an ISO-8601 duration of at least P15D)");
    }

    /** The values as they were given, or as the schema's default says. */
    private record Values(Map<String, Object> given) {
        String text(String name) {
            return given.get(name) instanceof String text ? text : "";
        }

        boolean flag(String name) {
            return Boolean.TRUE.equals(given.get(name));
        }

        int number(String name) {
            return given.get(name) instanceof Number number ? number.intValue() : Integer.parseInt(usual(name));
        }

        Duration time(String name) {
            return Duration.parse(given.get(name) instanceof String text ? text : usual(name));
        }

        private static String usual(String name) {
            Key key = SCHEMA.keys().get(name);
            return key == null ? "" : key.defaultText();
        }
    }

    /** References only: nothing secret. */
    @Override
    public String toString() {
        return "SqsSettings[endpoint=" + endpoint + ", region=" + region + ", create=" + create + "]";
    }
}
