package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BodiesTest {
    private final AtomicLong now = new AtomicLong(1);
    private final Bodies bodies = new Bodies(now::get, 100, Duration.ofSeconds(60));
    private final AtomicInteger givenUp = new AtomicInteger();

    private Bodies.Body begin(int bytes) {
        Bodies.Body body = bodies.begin(givenUp::incrementAndGet);
        assertThat(body.add(Buffer.buffer(new byte[bytes]))).isTrue();
        return body;
    }

    @Test
    void gathersInOrder() {
        Bodies.Body body = bodies.begin(() -> {});
        for (String piece : "abcdefghijklmnopqrstuvwxyz".split("")) {
            assertThat(body.add(Buffer.buffer(piece))).isTrue();
        }
        assertThat(body.end().toString()).isEqualTo("abcdefghijklmnopqrstuvwxyz");
    }

    @Test
    void refusesWhatFindsNoRoomAndTakesItWhereOneHasEnded() {
        Bodies.Body first = begin(60);
        Bodies.Body second = begin(10);
        assertThat(second.add(Buffer.buffer(new byte[31]))).isFalse();
        first.end();
        first.end();
        assertThat(second.add(Buffer.buffer(new byte[90]))).isTrue();
        assertThat(second.add(Buffer.buffer(new byte[1]))).isFalse();
    }

    @Test
    void givesUpThoseThatTakeTooLongWhereRoomIsWantedAndNoOthers() {
        begin(60);
        now.addAndGet(59_000_000);
        Bodies.Body young = begin(10);
        assertThat(young.add(Buffer.buffer(new byte[40]))).isFalse();
        assertThat(givenUp).hasValue(0);
        now.addAndGet(2_000_000);
        assertThat(young.add(Buffer.buffer(new byte[40]))).isTrue();
        assertThat(givenUp).hasValue(1);
    }
}
