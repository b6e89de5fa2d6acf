package io.forelog.target.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.forelog.model.Entry;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** A delivery as a message of a stream: XADD, with which entry it is as fields. What is delivered again is a second message. Immutable. */
final class StreamCommands implements Commands {
    private static final byte[] XADD = "XADD".getBytes(US_ASCII);
    private static final Set<String> NOT_CARRIED = Set.of("authorization", "proxy-authorization", "cookie", "payload");
    private static final String ORIGIN = "forelog-origin-entry-id";

    private final long lengthMax;

    /** {@code lengthMax}: about so many messages are kept; 0 = all. */
    StreamCommands(long lengthMax) {
        this.lengthMax = lengthMax;
    }

    @Override
    public void put(Command add, Entry entry, int attempt, byte[] key, long nowMillis, boolean whole) {
        add.name(XADD).arg(key);
        if (lengthMax > 0) {
            add.arg("MAXLEN").arg("~").arg(lengthMax);
        }
        String id = entry.id().toString();
        add.arg("*").arg("forelog-entry-id").arg(id);
        add.arg("idempotency-key")
                .arg(entry.token() == null ? id : entry.token().token());
        add.arg("forelog-namespace").arg(entry.namespace());
        add.arg("forelog-operation").arg(entry.operation().name());
        add.arg("forelog-due").arg(entry.dueMicros());
        add.arg("forelog-attempt").arg((long) attempt);
        add.arg("forelog-key").arg(entry.key());
        for (Map.Entry<String, String> header : entry.headers().entrySet()) {
            String name = header.getKey().toLowerCase(Locale.ROOT);
            boolean ours = name.startsWith("forelog-") && !name.equals(ORIGIN) || name.equals("idempotency-key");
            if (!ours && !NOT_CARRIED.contains(name)) {
                add.arg(name).arg(header.getValue());
            }
        }
        add.arg("payload").arg(entry.payload());
    }
}
