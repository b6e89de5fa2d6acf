package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;

/**
 * What holds for every target whose server is killed under load and comes back with what it had: what was said to be applied need not be sent
 * again, all else comes back for another time. Used by one test thread.
 */
public final class KilledPhase {
    private static final int EACH = 200;
    private static final int COUNT = 3 * EACH;

    private KilledPhase() {}

    /** Delivers {@link Deliveries#many} of the number it answers, each until it is applied, once: the caller looks for them. */
    public static int survives(WriterRig rig, Runnable kill, Runnable start) {
        List<Delivery> all = Deliveries.many(COUNT);
        rig.deliverAll(all.subList(0, EACH));
        List<Delivery> during = all.subList(EACH, 2 * EACH);
        Future<List<Outcome>> sent = rig.send(during);
        kill.run();
        List<Outcome> outcomes = WriterRig.await(sent);
        List<Delivery> left = new ArrayList<>();
        for (int i = 0; i < EACH; i++) {
            assertThat(outcomes.get(i).kind()).isNotEqualTo(Outcome.Kind.REJECTED);
            if (!outcomes.get(i).equals(Outcome.applied())) {
                left.add(during.get(i));
            }
        }
        assertThat(rig.deliver(all.get(COUNT - 1)).kind()).isIn(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED);
        start.run();
        rig.deliverAll(left);
        rig.deliverAll(all.subList(2 * EACH, COUNT));
        return COUNT;
    }
}
