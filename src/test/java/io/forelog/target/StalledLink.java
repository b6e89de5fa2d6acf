package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.TcpProxy;
import java.time.Duration;

/** What holds of a connection that many requests share, and that carries nothing any more. Used by one test thread. */
public final class StalledLink {
    private static final Duration SOON = Duration.ofSeconds(30);

    private StalledLink() {}

    /** For a rig behind {@code proxy} that has one connection, and a time-out of a few seconds. */
    public static void isGivenUp(WriterRig rig, TcpProxy proxy) {
        assertThat(rig.deliver(Deliveries.many(20))).containsOnly(Outcome.applied());
        int before = proxy.connections();
        proxy.stall();
        assertThat(rig.deliver(Deliveries.of(0, "k", "v"))).isInstanceOf(Outcome.Retry.class);
        Await.until("another connection is tried", SOON, () -> {
            assertThat(rig.deliver(Deliveries.of(0, "k", "v")).kind()).isIn(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED);
            return proxy.connections() > before;
        });
        proxy.heal();
        rig.deliverAll(Deliveries.many(1));
        proxy.reset();
        rig.deliverAll(Deliveries.many(1));
    }
}
