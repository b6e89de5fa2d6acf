package io.forelog.rig;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.LoadWriter.Written;
import io.forelog.rig.ScriptedReceiver.Arrival;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What must hold between what was written and what arrived. Stateless; test threads. */
public final class Verdicts {
    private Verdicts() {}

    public static void everyTrueArrived(LoadWriter writer, ScriptedReceiver receiver) {
        List<Written> missing = writer.trues().values().stream()
                .filter(written -> !receiver.has(written.entryId()))
                .toList();
        assertThat(missing.stream().limit(5))
                .as(
                        "%d of %d answered TRUE never arrived",
                        missing.size(), writer.trues().size())
                .isEmpty();
    }

    public static void noFalseArrived(LoadWriter writer, ScriptedReceiver receiver) {
        Set<String> arrived = new HashSet<>();
        receiver.arrivals().forEach(arrival -> arrived.add(arrival.text()));
        assertThat(writer.falses().entrySet().stream()
                        .filter(refused -> arrived.contains(refused.getKey()))
                        .limit(5))
                .as("answered FALSE, and arrived all the same")
                .isEmpty();
    }

    /** Against the moment of sending, which is before the server's receipt. */
    public static void noneWasEarly(LoadWriter writer, ScriptedReceiver receiver) {
        for (Arrival arrival : receiver.arrivals()) {
            Written written = writer.trues().get(arrival.entryId());
            if (written != null) {
                assertThat(arrival.micros())
                        .as("arrival of %s, sent %d with delay %s", arrival, written.sentMicros(), written.delay())
                        .isGreaterThanOrEqualTo(
                                written.sentMicros() + written.delay().toNanos() / 1_000);
            }
        }
    }

    /**
     * Texts are {@code key/number}, numbers ascending as written. Within one life of the service a smaller number never
     * comes behind a larger one, and over all lives the first arrivals of a key ascend.
     */
    public static void keysKeptTheirOrder(ScriptedReceiver receiver) {
        Map<String, Long> lastFirst = new HashMap<>();
        Map<String, Long> lastInEpoch = new HashMap<>();
        Set<String> seen = new HashSet<>();
        for (Arrival arrival : receiver.arrivals()) {
            int slash = arrival.text().indexOf('/');
            String key = arrival.text().substring(0, slash);
            long number = Long.parseLong(arrival.text().substring(slash + 1));
            if (seen.add(arrival.text())) {
                Long before = lastFirst.put(key, number);
                assertThat(before == null || before < number)
                        .as("first arrival of %s behind number %s of its key", arrival, before)
                        .isTrue();
            }
            Long before = lastInEpoch.put(key + "@" + arrival.epoch(), number);
            assertThat(before == null || before <= number)
                    .as("%s came behind number %s of its key in the same life", arrival, before)
                    .isTrue();
        }
    }
}
