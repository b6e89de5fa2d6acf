package io.forelog.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.IdempotencyToken;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.WalException;
import io.forelog.wire.v1.StoredEntry;
import io.vertx.core.buffer.Buffer;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EnvelopeCodecTest {
    private static final Entry FULL = new Entry(
            new EntryId(0x019b76da_a8007d86L, 0xb0a09cfc2d643bb5L),
            "orders",
            1_767_225_600_000_001L,
            1_767_225_660_000_002L,
            1_767_226_000_000_003L,
            1_767_000_000_000_004L,
            List.of(1, 2, 300),
            "eu-west-1",
            Buffer.buffer("customer-7"),
            Operation.DELETE,
            Priority.BULK,
            Map.of("ttl", "PT5M"),
            Map.of("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            Buffer.buffer("{\"price\": 12.5, \"größe\": \"XL\"}"),
            new IdempotencyToken("token-1", 1_767_000_000_000_005L));

    private static final Entry BARE = new Entry(
            new EntryId(1, 2),
            "orders",
            5,
            5,
            0,
            0,
            List.of(),
            "",
            Buffer.buffer(),
            Operation.PUT,
            Priority.CRITICAL,
            Map.of(),
            Map.of(),
            Buffer.buffer(),
            null);

    @Test
    void readsWhatItWrites() {
        assertThat(EnvelopeCodec.decode("orders", EnvelopeCodec.encode(FULL))).isEqualTo(FULL);
        assertThat(EnvelopeCodec.decode("orders", EnvelopeCodec.encode(BARE))).isEqualTo(BARE);
    }

    @Test
    void theGeneratedClassReadsWhatItWrites() throws Exception {
        byte[] envelope = EnvelopeCodec.encode(FULL);
        StoredEntry stored = StoredEntry.parseFrom(Arrays.copyOfRange(envelope, 1, envelope.length));
        assertThat(stored).isEqualTo(generated());
    }

    @Test
    void readsWhatTheGeneratedClassWrites() {
        assertThat(EnvelopeCodec.decode("orders", versioned(generated()))).isEqualTo(FULL);
        assertThat(EnvelopeCodec.decode("orders", versioned(StoredEntry.getDefaultInstance()))
                        .routes())
                .isEmpty();
    }

    @Test
    void skipsFieldsThatALaterVersionAdds() {
        UnknownFieldSet later = UnknownFieldSet.newBuilder()
                .addField(
                        900,
                        UnknownFieldSet.Field.newBuilder()
                                .addLengthDelimited(ByteString.copyFromUtf8("new"))
                                .build())
                .addField(901, UnknownFieldSet.Field.newBuilder().addVarint(7).build())
                .build();
        StoredEntry stored = generated().toBuilder().setUnknownFields(later).build();
        assertThat(EnvelopeCodec.decode("orders", versioned(stored))).isEqualTo(FULL);
    }

    /** Written by the first version; never made anew. */
    @Test
    void readsAnEnvelopeOfVersionOne() throws Exception {
        try (InputStream file = EnvelopeCodecTest.class.getResourceAsStream("/stored/entry-v1.bin")) {
            assertThat(EnvelopeCodec.decode("orders", file.readAllBytes())).isEqualTo(FULL);
        }
    }

    @Test
    void refusesAVersionThatItDoesNotKnow() {
        byte[] envelope = EnvelopeCodec.encode(BARE);
        envelope[0] = EnvelopeCodec.VERSION + 1;
        assertThatThrownBy(() -> EnvelopeCodec.decode("orders", envelope))
                .isInstanceOf(WalException.class)
                .hasMessageContaining("format version");
        assertThatThrownBy(() -> EnvelopeCodec.decode("orders", new byte[0])).isInstanceOf(WalException.class);
    }

    private static byte[] versioned(StoredEntry stored) {
        byte[] bytes = stored.toByteArray();
        byte[] envelope = new byte[bytes.length + 1];
        envelope[0] = EnvelopeCodec.VERSION;
        System.arraycopy(bytes, 0, envelope, 1, bytes.length);
        return envelope;
    }

    private static StoredEntry generated() {
        return StoredEntry.newBuilder()
                .setIdHigh(FULL.id().high())
                .setIdLow(FULL.id().low())
                .setAcceptedMicros(FULL.acceptedMicros())
                .setDueAfterMicros(FULL.dueMicros() - FULL.acceptedMicros())
                .setExpiresMicros(FULL.expiresMicros())
                .setWriteMicros(FULL.writeMicros())
                .addAllRoutes(FULL.routes())
                .setDestination(FULL.destination())
                .setKey(ByteString.copyFrom(FULL.key().getBytes()))
                .setOperation(FULL.operation().ordinal())
                .setPriority(FULL.priority().ordinal())
                .putAllAttributes(FULL.attributes())
                .putAllHeaders(FULL.headers())
                .setPayload(ByteString.copyFrom(FULL.payload().getBytes()))
                .setToken("token-1")
                .setTokenMicros(1_767_000_000_000_005L)
                .build();
    }
}
