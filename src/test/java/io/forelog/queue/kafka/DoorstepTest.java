package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import org.junit.jupiter.api.Test;

class DoorstepTest {
    @Test
    void whoComesBeforeAndAtTheMomentOfOpeningIsLetThrough() {
        Doorstep doorstep = new Doorstep();
        Future<Void> early = doorstep.passed();
        assertThat(early.isComplete()).isFalse();
        doorstep.open();
        assertThat(early.succeeded()).isTrue();
        assertThat(doorstep.passed().succeeded()).as("saw it shut a moment ago").isTrue();
        doorstep.open();
    }
}
