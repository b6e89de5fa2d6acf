package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import io.forelog.model.AppendOutcome;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Receipt;
import io.forelog.model.WalException;
import io.forelog.wire.v1.IdempotencyToken;
import io.forelog.wire.v1.Lifecycle;
import io.forelog.wire.v1.Target;
import io.forelog.wire.v1.Trilean;
import io.forelog.wire.v1.WriteBatchResponse;
import io.forelog.wire.v1.WriteStreamRequest;
import io.forelog.wire.v1.WriteStreamResponse;
import io.forelog.wire.v1.WriteToLogRequest;
import io.forelog.wire.v1.WriteToLogResponse;
import io.vertx.core.buffer.Buffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.UniqueElements;
import org.junit.jupiter.api.Test;

class ProtobufRequestsTest {
    private static final long SECONDS_MAX = 315_576_000_000L;

    @Property(tries = 300)
    void readsWhatTheGeneratedClassesWrite(
            @ForAll String namespace,
            @ForAll byte[] payload,
            @ForAll byte[] key,
            @ForAll String name,
            @ForAll @LongRange(min = -SECONDS_MAX, max = SECONDS_MAX) long seconds,
            @ForAll @IntRange(max = 999_999_999) int nanos,
            @ForAll int priority,
            @ForAll int operation,
            @ForAll @Size(max = 3) @UniqueElements java.util.List<String> names)
            throws InvalidProtocolBufferException {
        WriteToLogRequest.Builder written = WriteToLogRequest.newBuilder()
                .setNamespace(valid(namespace))
                .setPayload(ByteString.copyFrom(payload))
                .setPriorityValue(priority)
                .setTarget(Target.newBuilder()
                        .setName(valid(name))
                        .setDestination(valid(namespace))
                        .setKey(ByteString.copyFrom(key))
                        .setOperationValue(operation))
                .setLifecycle(Lifecycle.newBuilder()
                        .setDelay(Duration.newBuilder()
                                .setSeconds(Math.abs(seconds))
                                .setNanos(nanos))
                        .setWriteTime(Timestamp.newBuilder().setSeconds(seconds).setNanos(nanos)))
                .setIdempotencyToken(IdempotencyToken.newBuilder().setToken(valid(name)));
        names.forEach(each -> written.putHeaders(valid(each), valid(each) + "!"));
        WriteRequest read = ProtobufRequests.one(Buffer.buffer(written.build().toByteArray()));
        assertThat(read.namespace()).isEqualTo(valid(namespace));
        assertThat(read.payload().getBytes()).isEqualTo(payload);
        assertThat(read.key().getBytes()).isEqualTo(key);
        assertThat(read.target()).isEqualTo(valid(name));
        assertThat(read.destination()).isEqualTo(valid(namespace));
        assertThat(read.priority()).isEqualTo(priority);
        assertThat(read.operation()).isEqualTo(operation);
        assertThat(read.token()).isEqualTo(valid(name));
        assertThat(read.delayMicros()).isEqualTo(Math.abs(seconds) * 1_000_000 + (nanos + 999) / 1_000);
        assertThat(read.writeMicros()).isEqualTo(seconds * 1_000_000 + nanos / 1_000);
        written.getHeadersMap()
                .forEach((header, value) ->
                        assertThat(read.headers()).containsKey(header.toLowerCase(java.util.Locale.ROOT)));
    }

    /** A lone surrogate is no text that could be sent. */
    private static String valid(String text) {
        return text.replaceAll("[\\ud800-\\udfff]", "?");
    }

    @Property(tries = 2_000)
    void anyBytesAreAMessageOrInvalid(@ForAll byte[] bytes) {
        try {
            ProtobufRequests.one(Buffer.buffer(bytes));
            ProtobufRequests.streamMessage(Buffer.buffer(bytes), 1_000);
        } catch (WalException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        }
    }

    @Property(tries = 500)
    void aDamagedMessageIsAMessageOrInvalid(@ForAll @IntRange(max = 80) int at, @ForAll byte to, @ForAll boolean cut) {
        byte[] bytes = full().toByteArray();
        int index = at % bytes.length;
        bytes[index] = to;
        Buffer damaged = cut ? Buffer.buffer(bytes).slice(0, index) : Buffer.buffer(bytes);
        try {
            ProtobufRequests.one(damaged);
        } catch (WalException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        }
    }

    private static WriteToLogRequest full() {
        return WriteToLogRequest.newBuilder()
                .setNamespace("ns")
                .setPayload(ByteString.copyFromUtf8("hello"))
                .setLifecycle(
                        Lifecycle.newBuilder().setDelay(Duration.newBuilder().setSeconds(3)))
                .setTarget(Target.newBuilder().setName("hook").putAttributes("a", "b"))
                .setIdempotencyToken(IdempotencyToken.newBuilder().setToken("t"))
                .putHeaders("content-type", "text/plain")
                .build();
    }

    @Test
    void aDurationThatIsNoneIsNamed() {
        WriteToLogRequest wrong = WriteToLogRequest.newBuilder()
                .setLifecycle(Lifecycle.newBuilder()
                        .setDelay(Duration.newBuilder().setSeconds(1).setNanos(-1)))
                .build();
        assertThatThrownBy(() -> ProtobufRequests.one(Buffer.buffer(wrong.toByteArray())))
                .hasMessageStartingWith("lifecycle.delay: 1 s, -1 ns (expected: ");
    }

    @Test
    void aStreamMessageHasItsIdAndEntries() {
        WriteStreamRequest message = WriteStreamRequest.newBuilder()
                .setCorrelationId(-1L)
                .addEntries(full())
                .addEntries(WriteToLogRequest.getDefaultInstance())
                .build();
        ProtobufRequests.StreamMessage read =
                ProtobufRequests.streamMessage(Buffer.buffer(message.toByteArray()), 1_000);
        assertThat(read.correlationId()).isEqualTo(-1L);
        assertThat(read.entries()).hasSize(2);
        assertThat(read.entries().get(0).payload().toString()).isEqualTo("hello");
        assertThat(read.entries().get(1).namespace()).isEmpty();
    }

    @Test
    void answersAreWhatTheGeneratedClassesRead() throws InvalidProtocolBufferException {
        EntryId id = new EntryId(0x0123_4567_89AB_7CDEL, 0x8123_4567_89AB_CDEFL);
        AppendOutcome durable = AppendOutcome.appended(id, new Receipt("ns", 0, 7));
        AppendOutcome unknown = AppendOutcome.unknown(id, "é");
        AppendOutcome refused = AppendOutcome.refused(id, ErrorCode.LOW_DISK, "full");
        WriteToLogResponse one = WriteToLogResponse.parseFrom(ProtobufAnswers.one(durable, 0));
        assertThat(one.getDurable()).isEqualTo(Trilean.TRILEAN_TRUE);
        assertThat(one.getEntryId()).isEqualTo(id.toString());
        assertThat(one.getReceipt()).isEqualTo("ns/0/7");
        assertThat(one.getMessage()).isEmpty();
        ProtobufAnswers.Answer[] all = {
            ProtobufAnswers.Answer.of(durable), ProtobufAnswers.Answer.of(unknown), ProtobufAnswers.Answer.of(refused)
        };
        WriteBatchResponse batch = WriteBatchResponse.parseFrom(ProtobufAnswers.batch(all));
        assertThat(batch.getOutcomes(0)).isEqualTo(one);
        assertThat(batch.getOutcomes(1).getDurable()).isEqualTo(Trilean.TRILEAN_UNKNOWN);
        assertThat(batch.getOutcomes(1).getMessage()).isEqualTo("UNKNOWN_DURABILITY: é");
        assertThat(batch.getOutcomes(2).getDurable()).isEqualTo(Trilean.TRILEAN_FALSE);
        assertThat(batch.getOutcomes(2).getEntryId()).isEmpty();
        WriteStreamResponse stream = WriteStreamResponse.parseFrom(ProtobufAnswers.streamMessage(all, 9));
        assertThat(stream.getCorrelationId()).isEqualTo(9);
        assertThat(stream.getOutcomesList()).isEqualTo(batch.getOutcomesList());
    }
}
