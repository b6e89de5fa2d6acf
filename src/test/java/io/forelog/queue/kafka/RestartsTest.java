package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.LogTape;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

class RestartsTest {
    private final List<String> told = new ArrayList<>();
    private final Restarts restarts =
            new Restarts("namespace orders, route 1", "forelog.orders.1", "forelog-node-1-orders-1", told::add);

    @Test
    void anotherProcessOfTheSameNameIsToldOnceWithTheGroupAndWhatToDo() {
        try (LogTape tape = new LogTape("io.forelog.queue.kafka")) {
            long pause = restarts.failed(new FencedInstanceIdException("fenced"), 0);
            assertThat(restarts.failed(new FencedInstanceIdException("fenced"), pause))
                    .as("they leave one another in peace ever longer")
                    .isEqualTo(2 * pause);
            assertThat(told.get(0))
                    .startsWith("namespace orders, route 1: ")
                    .contains("forelog.orders.1", "forelog-node-1-orders-1", "stop the other one");
            assertThat(tape.text())
                    .contains("namespace orders", "forelog.orders.1", "stop the other one")
                    .doesNotContain("FencedInstanceId");
            restarts.goesOn(TimeUnit.MINUTES.toNanos(5));
            assertThat(told).last().asString().isEmpty();
        }
    }

    @Test
    void aClusterThatIsAwayIsNoTroubleOfTheReaders() {
        assertThat(restarts.failed(new TimeoutException("away"), 0))
                .isEqualTo(restarts.failed(new TimeoutException("away"), 1));
        assertThat(told).isEmpty();
    }
}
