package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.config.Namespace.State;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.model.ErrorCode;
import io.forelog.wire.Bytes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ValidatorTest {
    private static final long NOW = 1_700_000_000_000_000L;
    private static final long DAY = 86_400_000_000L;

    private final Terms terms = Terms.of(Samples.namespace("ns"));

    @Test
    void aPlainWriteIsTaken() {
        assertThat(check(draft -> {})).isNull();
        assertThat(check(draft -> {
                    draft.delayMicros = DAY - 1;
                    draft.jitterMicros = 1;
                    draft.target = "table";
                    draft.destination = "users";
                    draft.key = Bytes.view(new byte[Validator.KEY_BYTES_MAX]);
                    draft.payload = Bytes.view(new byte[Samples.PAYLOAD_BYTES_MAX]);
                    draft.writeMicros = NOW + Validator.AHEAD_MICROS_MAX;
                    draft.token = "x".repeat(Validator.TOKEN_CHARS_MAX);
                    draft.operation = 3;
                    draft.priority = 4;
                }))
                .isNull();
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                wrong("lifecycle.delay: PT-3S (expected: >= PT0S)", draft -> draft.delayMicros = -3_000_000),
                wrong("lifecycle.jitter: PT-1S", draft -> draft.jitterMicros = -1_000_000),
                wrong("lifecycle.time_to_live: PT-1S", draft -> draft.ttlMicros = -1_000_000),
                wrong("lifecycle.delay: PT24H and jitter PT0.000001S (expected: at most PT24H", draft -> {
                    draft.delayMicros = DAY;
                    draft.jitterMicros = 1;
                }),
                wrong("lifecycle.delay: ", draft -> draft.delayMicros = Long.MAX_VALUE),
                wrong("lifecycle.delay: PT0S and jitter", draft -> draft.jitterMicros = Long.MAX_VALUE),
                wrong("lifecycle.write_time: 2023-", draft -> draft.writeMicros = NOW + 60_000_001),
                wrong("lifecycle.write_time: 1969-", draft -> draft.writeMicros = -1),
                wrong("target.key: 4097 bytes", draft -> draft.key = Bytes.view(new byte[4_097])),
                wrong("target.operation: 4", draft -> draft.operation = 4),
                wrong("target.operation: -1", draft -> draft.operation = -1),
                wrong("priority: 5", draft -> draft.priority = 5),
                wrong("idempotency_token.token: 0 characters", draft -> draft.token = ""),
                wrong("idempotency_token.token: 257 characters", draft -> draft.token = "x".repeat(257)),
                wrong("idempotency_token.generation_time: 2023-", draft -> {
                    draft.token = "t";
                    draft.tokenMicros = NOW + 60_000_001;
                }),
                wrong("headers.x: has control characters", draft -> draft.headers = Map.of("x", "a\nb")),
                wrong("headers: 'x y'", draft -> draft.headers = Map.of("x y", "")),
                wrong("headers.content-length: is not carried", draft -> draft.headers = Map.of("content-length", "1")),
                wrong("headers: 16385 characters", draft -> draft.headers = Map.of("x", "a".repeat(16_384))),
                wrong("target.attributes: ''", draft -> draft.attributes = Map.of("", "a")),
                wrong("target.attributes: 65", draft -> {
                    draft.attributes = new HashMap<>();
                    for (int i = 0; i < 65; i++) {
                        draft.attributes.put("a" + i, "");
                    }
                }));
    }

    private static Arguments wrong(String text, Consumer<WriteRequest.Draft> change) {
        return Arguments.of(text, change);
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void aWrongFieldIsRefusedByName(String text, Object change) {
        @SuppressWarnings("unchecked")
        Consumer<WriteRequest.Draft> made = (Consumer<WriteRequest.Draft>) change;
        Refusal refusal = check(made);
        assertThat(refusal).isNotNull();
        assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        assertThat(refusal.text()).startsWith(text);
        assertThat(refusal.violations()).hasSize(1);
    }

    @Test
    void aTargetOrSizeHasACodeOfItsOwn() {
        assertThat(check(draft -> draft.target = "nope").code()).isEqualTo(ErrorCode.UNKNOWN_TARGET);
        assertThat(check(draft -> draft.target = "old").code()).as("retiring").isEqualTo(ErrorCode.UNKNOWN_TARGET);
        assertThat(check(draft -> draft.destination = "users").code())
                .as("not a destination of the default target")
                .isEqualTo(ErrorCode.DESTINATION_NOT_ALLOWED);
        assertThat(check(draft -> draft.payload = Bytes.view(new byte[Samples.PAYLOAD_BYTES_MAX + 1]))
                        .code())
                .isEqualTo(ErrorCode.PAYLOAD_TOO_LARGE);
    }

    @Test
    void everyProblemIsTold() {
        Refusal refusal = check(draft -> {
            draft.delayMicros = -1;
            draft.target = "nope";
            draft.priority = 9;
        });
        assertThat(refusal.violations())
                .extracting(Refusal.Violation::field)
                .containsExactlyInAnyOrder("lifecycle.delay", "target.name", "priority");
    }

    @Test
    void orderAndDelayGoTogetherWhereTheQueueCan() {
        Consumer<WriteRequest.Draft> delayedWithKey = draft -> {
            draft.delayMicros = 1;
            draft.key = Bytes.view(new byte[1]);
        };
        assertThat(check(delayedWithKey, order("KAFKA")).text()).contains("delivery.order: key");
        assertThat(check(delayedWithKey, order("EMBEDDED"))).isNull();
        assertThat(check(draft -> draft.delayMicros = 1, order("KAFKA")))
                .as("without a key")
                .isNull();
    }

    private static Terms order(String queue) {
        return Terms.of(Samples.namespace("ns", State.ACTIVE, Order.KEY, queue, List.of()));
    }

    @Property
    void whatIsRefusedHasAReason(
            @ForAll long delay, @ForAll long jitter, @ForAll long ttl, @ForAll long written, @ForAll int priority) {
        Refusal refusal = check(draft -> {
            draft.delayMicros = delay;
            draft.jitterMicros = jitter;
            draft.ttlMicros = ttl;
            draft.writeMicros = written;
            draft.priority = priority;
        });
        boolean good = delay >= 0
                && jitter >= 0
                && delay <= DAY
                && jitter <= DAY - delay
                && ttl >= 0
                && written >= 0
                && written <= NOW + Validator.AHEAD_MICROS_MAX
                && priority >= 0
                && priority <= 4;
        assertThat(refusal == null).isEqualTo(good);
        if (refusal != null) {
            assertThat(refusal.violations()).isNotEmpty();
        }
    }

    private Refusal check(Consumer<WriteRequest.Draft> change) {
        return check(change, terms);
    }

    private static Refusal check(Consumer<WriteRequest.Draft> change, Terms terms) {
        WriteRequest.Draft draft = new WriteRequest.Draft();
        draft.namespace = "ns";
        change.accept(draft);
        return Validator.check(draft.request(), terms, NOW);
    }
}
