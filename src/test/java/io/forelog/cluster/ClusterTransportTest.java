package io.forelog.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.Await;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.net.BindException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.infinispan.commons.CacheException;
import org.junit.jupiter.api.Test;

class ClusterTransportTest {
    private final Vertx vertx = Vertx.vertx();
    private int attempts;

    /** Whether it gets in, where attempts fail with these in turn, and then no more. */
    private boolean joins(List<RuntimeException> failures) {
        Deque<RuntimeException> left = new ArrayDeque<>(failures);
        attempts = 0;
        return Await.result(ClusterTransport.joined(1, Duration.ofMillis(1), () -> {
                    attempts++;
                    RuntimeException failure = left.poll();
                    if (failure != null) {
                        throw failure;
                    }
                    return Future.succeededFuture(vertx);
                })
                .map(true)
                .otherwise(false));
    }

    @Test
    void whomTheClusterDoesNotLetInAtOnceTriesAgain() {
        assertThat(joins(List.of(new CacheException(new ClassCastException("its own")), new IllegalStateException())))
                .isTrue();
        assertThat(attempts).isEqualTo(3);
        assertThat(joins(java.util.Collections.nCopies(100, new CacheException("no"))))
                .isFalse();
        assertThat(attempts).isEqualTo(8);
    }

    @Test
    void aPortThatIsTakenIsToldAtOnce() {
        assertThat(joins(List.of(new CacheException(new BindException("in use")))))
                .isFalse();
        assertThat(attempts).isEqualTo(1);
        assertThat(joins(List.of(new java.io.UncheckedIOException(new java.io.IOException("full")))))
                .isFalse();
        assertThat(attempts).isEqualTo(1);
        Await.result(vertx.close());
    }
}
