package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Outcome;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;

/**
 * What holds for every target whose server is there and does not answer: no more is on its way than the limit says, no more waits than may,
 * each delivery comes back for another time, and it flows again when the server goes on. Used by one test thread.
 */
public final class FrozenPhase {
    private static final int SENDS = 60;
    private static final int EACH = 256;
    private static final int WAITING_MAX = 8_192;

    private FrozenPhase() {}

    /** {@code concurrency}: of the rig's limit, whose time-out is a few seconds. Ends with the server thawed. */
    public static void survives(WriterRig rig, int concurrency, Runnable freeze, Runnable thaw) {
        rig.deliverAll(Deliveries.many(1));
        freeze.run();
        try {
            List<Future<List<Outcome>>> sent = new ArrayList<>();
            for (int i = 0; i < SENDS; i++) {
                sent.add(rig.send(Deliveries.many(EACH)));
            }
            TargetStatus status = rig.status();
            assertThat(status.inFlight()).isBetween(1, concurrency);
            assertThat(status.waiting()).isBetween(EACH, WAITING_MAX);
            for (Future<List<Outcome>> outcomes : sent) {
                assertThat(WriterRig.await(outcomes))
                        .allSatisfy(
                                outcome -> assertThat(outcome.kind()).isIn(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED));
            }
        } finally {
            thaw.run();
        }
        rig.deliverAll(Deliveries.many(EACH));
    }
}
