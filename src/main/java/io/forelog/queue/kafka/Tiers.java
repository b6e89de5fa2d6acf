package io.forelog.queue.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.function.Function;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * The headers by which a record waits on the tier topics: when it is due ({@code forelog-due}), where it goes then
 * ({@code forelog-to}), when it hops next ({@code forelog-hop}), whose clock said so ({@code forelog-node}). Stateless, any thread.
 */
final class Tiers {
    static final String DUE = "forelog-due";
    static final String TO = "forelog-to";
    static final String HOP = "forelog-hop";
    static final String NODE = "forelog-node";

    private Tiers() {}

    /**
     * The topic for a record that is due at {@code due}: a tier, or {@code ready} where it is due by now. Sets the headers.
     *
     * @param nodeId whose clock {@code now} is
     */
    static String wait(
            Headers headers,
            Function<TierPlan.Tier, String> tierTopics,
            String ready,
            long nowMicros,
            long dueMicros,
            String nodeId) {
        put(headers, DUE, Long.toString(dueMicros));
        if (dueMicros <= nowMicros) {
            return ready;
        }
        TierPlan.Hop hop = TierPlan.next(nowMicros, dueMicros);
        put(headers, TO, ready);
        put(headers, NODE, nodeId);
        put(headers, HOP, Long.toString(hop.atMicros()));
        return tierTopics.apply(hop.tier());
    }

    static void put(Headers headers, String name, String text) {
        headers.remove(name);
        headers.add(name, text.getBytes(UTF_8));
    }

    static @Nullable String text(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), UTF_8);
    }

    /** {@code otherwise} where there is none, or none that is a number. */
    static long number(Headers headers, String name, long otherwise) {
        String text = text(headers, name);
        try {
            return text == null ? otherwise : Long.parseLong(text);
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }
}
