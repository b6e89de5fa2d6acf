package io.forelog.queue.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import org.junit.jupiter.api.Test;

class RoomTest {
    private final Room room = new Room(10);

    @Test
    void whatHasNoRoomWaitsInItsTurnAndOneGoesAlways() {
        Promise<String> first = Promise.promise();
        Future<String> large = room.enter(100, first::future);
        Future<String> small = room.enter(1, () -> Future.succeededFuture("small"));
        assertThat(small.isComplete()).isFalse();
        first.complete("large");
        assertThat(large.result()).isEqualTo("large");
        assertThat(small.result()).isEqualTo("small");
    }

    @Test
    void whatCanNotBeginEndsAndTakesNoRoom() {
        Future<String> broken = room.enter(10, () -> {
            throw new IllegalStateException("no");
        });
        assertThat(broken.failed()).isTrue();
        assertThat(room.enter(10, () -> Future.succeededFuture("next")).result())
                .isEqualTo("next");
    }
}
