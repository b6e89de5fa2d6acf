package io.forelog.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument;
import io.forelog.config.NamespaceDocument.AdmissionPolicy;
import io.forelog.model.ErrorCode;
import io.forelog.model.Priority;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AdaptiveAdmissionTest {
    private long nowMicros = 1_000_000_000L;
    private final Pressure pressure = new Pressure();
    private final AdaptiveAdmission admission =
            new AdaptiveAdmission(() -> nowMicros, pressure, new SimpleMeterRegistry(), 16_384, Duration.ofMillis(100));

    @Test
    void keepsGoodputAndLatencyAtTenTimesTheCapacity() {
        Simulated calm = simulate(3_500, 5_000, 10_000_000L);
        Simulated onset = simulate(50_000, 5_000, 1_000_000L);
        Simulated overload = simulate(50_000, 5_000, 30_000_000L);
        Simulated after = simulate(3_500, 5_000, 5_000_000L);

        assertThat(calm.shed).isZero();
        assertThat(onset.answered).isGreaterThan((long) (0.9 * 5_000));
        assertThat(overload.answered).isGreaterThan((long) (0.9 * 5_000 * 30));
        assertThat(overload.p99Micros()).isLessThan(3 * Math.max(calm.p99Micros(), 5_000));
        assertThat(after.shed).isLessThan(after.answered / 20);
    }

    @Test
    void refusesCriticalLast() {
        Simulated overload = simulate(50_000, 5_000, 10_000_000L);

        assertThat(overload.admittedShare(Priority.CRITICAL)).isGreaterThan(overload.admittedShare(Priority.DEGRADED));
        assertThat(overload.admittedShare(Priority.DEGRADED)).isGreaterThan(overload.admittedShare(Priority.BULK));
    }

    @Test
    void leavesGroupCommitItsBatches() {
        // Each commit takes 2 ms whatever it holds: latency grows with load, throughput too. Nothing is to be shed.
        ArrayDeque<Long> waiting = new ArrayDeque<>();
        Namespace namespace = namespace("busy", 0, 0);
        long shed = 0;
        for (int commit = 0; commit < 2_000; commit++) {
            for (int i = 0; i < 256; i++) {
                if (admission.tryAdmit(namespace, Priority.DEGRADED, 1, 1).admitted()) {
                    waiting.add(nowMicros);
                } else {
                    shed++;
                }
            }
            nowMicros += 2_000;
            waiting.forEach(start -> admission.release(namespace, Priority.DEGRADED, 1, 1, nowMicros - start));
            waiting.clear();
        }
        assertThat(shed).isZero();
    }

    @Test
    void takesTheLargestBatchWheneverTheNodeIsIdle() {
        Namespace namespace = namespace("batches", 0, 0);
        for (int batch = 0; batch < 500; batch++) {
            for (int i = 0; i < 1_000; i++) {
                assertThat(admission
                                .tryAdmit(namespace, Priority.DEGRADED, 1, 1)
                                .admitted())
                        .isTrue();
            }
            nowMicros += 30_000;
            admission.release(namespace, Priority.DEGRADED, 1_000, 1_000, 3_000);
        }
    }

    @Test
    void takesASlowDiskForWhatItIs() {
        // 256 writers that wait for each other's commits of 15 ms, each fifth one of 60 ms.
        ArrayDeque<Long> waiting = new ArrayDeque<>();
        Namespace namespace = namespace("slow-disk", 0, 0);
        long shed = 0;
        for (int commit = 0; commit < 3_000; commit++) {
            for (int i = waiting.size(); i < 256; i++) {
                if (admission.tryAdmit(namespace, Priority.DEGRADED, 1, 1).admitted()) {
                    waiting.add(nowMicros);
                } else {
                    shed++;
                }
            }
            nowMicros += commit % 5 == 0 ? 60_000 : 15_000;
            waiting.forEach(start -> admission.release(namespace, Priority.DEGRADED, 1, 1, nowMicros - start));
            waiting.clear();
        }
        assertThat(shed).isZero();
    }

    @Test
    void takesANoisyDiskForWhatItIs() {
        // One writer first, at 1 ms; then 256, and commits of 5 to 40 ms.
        SplittableRandom random = new SplittableRandom(11);
        Namespace namespace = namespace("noisy-disk", 0, 0);
        for (int i = 0; i < 1_000; i++) {
            assertThat(admission.tryAdmit(namespace, Priority.DEGRADED, 1, 1).admitted())
                    .isTrue();
            nowMicros += 1_000;
            admission.release(namespace, Priority.DEGRADED, 1, 1, 1_000);
        }
        ArrayDeque<Long> waiting = new ArrayDeque<>();
        long admitted = 0;
        int commits = 3_000;
        for (int commit = 0; commit < commits; commit++) {
            for (int i = waiting.size(); i < 256; i++) {
                if (admission.tryAdmit(namespace, Priority.DEGRADED, 1, 1).admitted()) {
                    waiting.add(nowMicros);
                    admitted++;
                }
            }
            nowMicros += 5_000 + random.nextInt(35_000);
            waiting.forEach(start -> admission.release(namespace, Priority.DEGRADED, 1, 1, nowMicros - start));
            waiting.clear();
        }
        assertThat(admitted).isGreaterThan(commits * 256L * 9 / 10);
    }

    @Test
    void shedsNothingOfAsManyWritersAsBeforeWhereTheMachineIsSlowForAMoment() {
        // 16 writers of 32 that wait for each other's commits of 2.5 ms; for a tenth of a second, each second, of 8 ms.
        Namespace namespace = namespace("hiccups", 0, 0);
        int shed = 0;
        int writing = 0;
        while (nowMicros < 1_060_000_000L) {
            for (; writing < 16; writing++) {
                if (!admission.tryAdmit(namespace, Priority.DEGRADED, 32, 32).admitted()) {
                    shed++;
                    break;
                }
            }
            long commit = nowMicros % 1_000_000 < 100_000 ? 8_000 : 2_500;
            nowMicros += commit;
            for (; writing > 0; writing--) {
                admission.release(namespace, Priority.DEGRADED, 32, 32, commit);
            }
        }
        assertThat(shed).isZero();
    }

    @Test
    void holdsANamespaceToItsRate() {
        Namespace namespace = namespace("slow", 100, 0);
        int admitted = 0;
        for (int i = 0; i < 1_000; i++) {
            nowMicros += 10_000;
            for (int j = 0; j < 5; j++) {
                Admission.Decision decision = admission.tryAdmit(namespace, Priority.DEGRADED, 1, 1);
                if (decision.admitted()) {
                    admission.release(namespace, Priority.DEGRADED, 1, 1, 1_000);
                    admitted++;
                } else {
                    assertThat(decision.code()).isEqualTo(ErrorCode.RATE_LIMITED);
                    assertThat(decision.retryAfterMillis()).isPositive();
                }
            }
        }
        assertThat(admitted).isBetween(1_000, 1_101);
    }

    @Test
    void holdsANamespaceToItsEntriesInFlight() {
        Namespace namespace = namespace("narrow", 0, 2);
        assertThat(admission.tryAdmit(namespace, Priority.CRITICAL, 1, 1).admitted())
                .isTrue();
        assertThat(admission.tryAdmit(namespace, Priority.CRITICAL, 1, 1).admitted())
                .isTrue();
        Admission.Decision refused = admission.tryAdmit(namespace, Priority.CRITICAL, 1, 1);
        assertThat(refused.code()).isEqualTo(ErrorCode.RATE_LIMITED);
        assertThat(refused.text()).contains("narrow").contains("admission.max_in_flight");
        admission.release(namespace, Priority.DEGRADED, 1, 1, 1_000);
        assertThat(admission.tryAdmit(namespace, Priority.CRITICAL, 1, 1).admitted())
                .isTrue();
    }

    @Test
    void shedsBulkFirstWhenAnEventLoopIsLate() {
        pressure.sample(0.2, 0.5, 0.1);
        Namespace namespace = namespace("any", 0, 0);
        int bulk = 0;
        while (admission.tryAdmit(namespace, Priority.BULK, 1, 1).admitted()) {
            bulk++;
        }
        assertThat(bulk).isLessThan(16_384);
        assertThat(admission.tryAdmit(namespace, Priority.CRITICAL, 1, 1).admitted())
                .isTrue();
        Admission.Decision shed = admission.tryAdmit(namespace, Priority.BULK, 1, 1);
        assertThat(shed.text()).contains("event loop late by 200 ms").contains("BULK");
    }

    @Test
    void returnsToNothingInFlight() {
        simulate(50_000, 5_000, 1_000_000L);
        assertThat(admission.inFlight()).isZero();
    }

    /** A queue that serves {@code capacity} a second, offered {@code rate} a second, in steps of a millisecond. */
    private Simulated simulate(int rate, int capacity, long micros) {
        Simulated result = new Simulated();
        SplittableRandom random = new SplittableRandom(7);
        Namespace namespace = namespace("load", 0, 0);
        ArrayDeque<Long> queue = new ArrayDeque<>();
        double offered = 0;
        double served = 0;
        long end = nowMicros + micros;
        while (nowMicros < end || !queue.isEmpty()) {
            nowMicros += 1_000;
            for (offered += nowMicros < end ? rate / 1_000.0 : 0; offered >= 1; offered--) {
                Priority priority = Priority.values()[random.nextInt(4)];
                boolean admitted = admission.tryAdmit(namespace, priority, 1, 1).admitted();
                result.count(priority, admitted);
                if (admitted) {
                    queue.add(nowMicros);
                }
            }
            served = Math.min(served + capacity / 1_000.0, queue.size());
            for (; served >= 1; served--) {
                long latency = nowMicros + 1_000 - queue.remove();
                admission.release(namespace, Priority.DEGRADED, 1, 1, latency);
                result.latencies.merge(latency, 1L, Long::sum);
                result.answered++;
            }
        }
        return result;
    }

    private static final class Simulated {
        final java.util.TreeMap<Long, Long> latencies = new java.util.TreeMap<>();
        final Map<Priority, long[]> byPriority = new EnumMap<>(Priority.class);
        long answered;
        long shed;

        void count(Priority priority, boolean admitted) {
            long[] counts = byPriority.computeIfAbsent(priority, p -> new long[2]);
            counts[admitted ? 1 : 0]++;
            shed += admitted ? 0 : 1;
        }

        double admittedShare(Priority priority) {
            long[] counts = byPriority.getOrDefault(priority, new long[2]);
            return (double) counts[1] / (counts[0] + counts[1]);
        }

        long p99Micros() {
            long rest = (long) (answered * 0.99);
            for (Map.Entry<Long, Long> step : latencies.entrySet()) {
                rest -= step.getValue();
                if (rest <= 0) {
                    return step.getKey();
                }
            }
            return latencies.lastKey();
        }
    }

    private static Namespace namespace(String name, double rate, int maxInFlight) {
        NamespaceDocument document = new NamespaceDocument(
                name,
                List.of(),
                List.of(),
                new NamespaceDocument.DeliveryPolicy(
                        NamespaceDocument.Order.NONE,
                        NamespaceDocument.Completion.ALL,
                        1_000,
                        Duration.ofDays(1),
                        1 << 20,
                        0.5),
                new NamespaceDocument.RetryPolicy(
                        Duration.ofMillis(500), 2, Duration.ofMinutes(10), true, 20, Duration.ofDays(3)),
                new NamespaceDocument.DeadLetterPolicy(Duration.ofDays(14), NamespaceDocument.OnOrdered.CONTINUE),
                new NamespaceDocument.StoragePolicy(false, Long.MAX_VALUE),
                new NamespaceDocument.ReceiptsPolicy("none", Duration.ofDays(1)),
                Set.of(),
                Duration.ofDays(3),
                new NamespaceDocument.AccessPolicy(List.of(), List.of(), List.of()),
                new AdmissionPolicy(Priority.DEGRADED, rate, maxInFlight),
                "default");
        return new Namespace(document, 1, Namespace.State.ACTIVE, Map.of(), List.of());
    }
}
