package io.forelog.ingest;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.wire.Bytes;
import io.forelog.wire.v1.WriteBatchRequest;
import io.forelog.wire.v1.WriteStreamRequest;
import io.forelog.wire.v1.WriteToLogRequest;
import io.netty.buffer.ByteBuf;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Reads the write API's requests by hand, since every write passes here: payload and key become views of what was
 * received, and nothing is built in between. A test holds it against the generated classes. One use, one thread.
 *
 * <p>Every method fails with INVALID_ARGUMENT where the bytes are not such a message, bad UTF-8 included.
 */
final class ProtobufRequests {
    private static final long SECONDS_MAX = 315_576_000_000L;
    private static final int NANOS_MAX = 999_999_999;

    private static final int NAMESPACE = bytes(WriteToLogRequest.NAMESPACE_FIELD_NUMBER);
    private static final int LIFECYCLE = bytes(WriteToLogRequest.LIFECYCLE_FIELD_NUMBER);
    private static final int PAYLOAD = bytes(WriteToLogRequest.PAYLOAD_FIELD_NUMBER);
    private static final int TARGET = bytes(WriteToLogRequest.TARGET_FIELD_NUMBER);
    private static final int TOKEN = bytes(WriteToLogRequest.IDEMPOTENCY_TOKEN_FIELD_NUMBER);
    private static final int PRIORITY = varint(WriteToLogRequest.PRIORITY_FIELD_NUMBER);
    private static final int HEADERS = bytes(WriteToLogRequest.HEADERS_FIELD_NUMBER);
    private static final int FIRST_BYTES = bytes(1);
    private static final int SECOND_BYTES = bytes(2);
    private static final int THIRD_BYTES = bytes(3);
    private static final int FOURTH_BYTES = bytes(4);
    private static final int FIFTH_BYTES = bytes(5);
    private static final int FOURTH_VARINT = varint(4);
    private static final int FIRST_VARINT = varint(1);
    private static final int SECOND_VARINT = varint(2);
    private static final int BATCH_ENTRY = bytes(WriteBatchRequest.ENTRIES_FIELD_NUMBER);
    private static final int STREAM_ID = varint(WriteStreamRequest.CORRELATION_ID_FIELD_NUMBER);
    private static final int STREAM_ENTRY = bytes(WriteStreamRequest.ENTRIES_FIELD_NUMBER);

    private final byte[] array;
    private final int base;
    private final CodedInputStream in;
    private long seconds;
    private int nanos;
    private long correlationId;

    private ProtobufRequests(Buffer message) {
        ByteBuf buffer = ((BufferInternal) message).getByteBuf();
        int length = buffer.readableBytes();
        if (buffer.hasArray()) {
            array = buffer.array();
            base = buffer.arrayOffset() + buffer.readerIndex();
        } else {
            array = message.getBytes();
            base = 0;
        }
        in = CodedInputStream.newInstance(array, base, length);
    }

    /** A message of a write stream. */
    record StreamMessage(long correlationId, List<WriteRequest> entries) {}

    static WriteRequest one(Buffer message) {
        try {
            return new ProtobufRequests(message).request();
        } catch (IOException e) {
            throw malformed(e);
        }
    }

    static List<WriteRequest> batch(Buffer message, int entriesMax) {
        try {
            return new ProtobufRequests(message).entries(BATCH_ENTRY, 0, entriesMax);
        } catch (IOException e) {
            throw malformed(e);
        }
    }

    static StreamMessage streamMessage(Buffer message, int entriesMax) {
        try {
            ProtobufRequests reader = new ProtobufRequests(message);
            List<WriteRequest> entries = reader.entries(STREAM_ENTRY, STREAM_ID, entriesMax);
            return new StreamMessage(reader.correlationId, entries);
        } catch (IOException e) {
            throw malformed(e);
        }
    }

    private static WalException malformed(IOException failure) {
        return new WalException(ErrorCode.INVALID_ARGUMENT, "request: " + failure.getMessage());
    }

    private List<WriteRequest> entries(int entryTag, int idTag, int entriesMax) throws IOException {
        List<WriteRequest> entries = new ArrayList<>();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == entryTag) {
                if (entries.size() == entriesMax) {
                    throw new WalException(
                            ErrorCode.INVALID_ARGUMENT,
                            "entries: more than " + entriesMax + " (expected: at most " + entriesMax + ")");
                }
                int limit = in.pushLimit(in.readRawVarint32());
                entries.add(request());
                in.popLimit(limit);
            } else if (tag == idTag) {
                correlationId = in.readUInt64();
            } else {
                skip(tag);
            }
        }
        return entries;
    }

    private WriteRequest request() throws IOException {
        WriteRequest.Draft draft = new WriteRequest.Draft();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == NAMESPACE) draft.namespace = in.readStringRequireUtf8();
            else if (tag == PAYLOAD) draft.payload = view();
            else if (tag == TARGET) target(draft);
            else if (tag == LIFECYCLE) lifecycle(draft);
            else if (tag == HEADERS) draft.headers = pair(draft.headers, true);
            else if (tag == TOKEN) token(draft);
            else if (tag == PRIORITY) draft.priority = in.readEnum();
            else skip(tag);
        }
        return draft.request();
    }

    private void lifecycle(WriteRequest.Draft draft) throws IOException {
        int limit = in.pushLimit(in.readRawVarint32());
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == FIRST_BYTES) draft.delayMicros = duration("lifecycle.delay");
            else if (tag == SECOND_BYTES) draft.writeMicros = timestamp("lifecycle.write_time");
            else if (tag == THIRD_BYTES) draft.jitterMicros = duration("lifecycle.jitter");
            else if (tag == FOURTH_BYTES) draft.ttlMicros = duration("lifecycle.time_to_live");
            else skip(tag);
        }
        in.popLimit(limit);
    }

    private void target(WriteRequest.Draft draft) throws IOException {
        int limit = in.pushLimit(in.readRawVarint32());
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == FIRST_BYTES) draft.target = in.readStringRequireUtf8();
            else if (tag == SECOND_BYTES) draft.destination = in.readStringRequireUtf8();
            else if (tag == THIRD_BYTES) draft.key = view();
            else if (tag == FOURTH_VARINT) draft.operation = in.readEnum();
            else if (tag == FIFTH_BYTES) draft.attributes = pair(draft.attributes, false);
            else skip(tag);
        }
        in.popLimit(limit);
    }

    private void token(WriteRequest.Draft draft) throws IOException {
        int limit = in.pushLimit(in.readRawVarint32());
        if (draft.token == null) {
            draft.token = "";
        }
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == FIRST_BYTES) draft.tokenMicros = timestamp("idempotency_token.generation_time");
            else if (tag == SECOND_BYTES) draft.token = in.readStringRequireUtf8();
            else skip(tag);
        }
        in.popLimit(limit);
    }

    private Map<String, String> pair(Map<String, String> map, boolean lowerCase) throws IOException {
        Map<String, String> target = map.isEmpty() ? new HashMap<>() : map;
        int limit = in.pushLimit(in.readRawVarint32());
        String name = "";
        String value = "";
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == FIRST_BYTES) name = in.readStringRequireUtf8();
            else if (tag == SECOND_BYTES) value = in.readStringRequireUtf8();
            else skip(tag);
        }
        in.popLimit(limit);
        target.put(lowerCase ? name.toLowerCase(Locale.ROOT) : name, value);
        return target;
    }

    /** Rounded up to whole microseconds: never early. */
    private long duration(String field) throws IOException {
        secondsAndNanos();
        boolean fits = Math.abs(seconds) <= SECONDS_MAX && Math.abs(nanos) <= NANOS_MAX && seconds != Long.MIN_VALUE;
        boolean sameSign = seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0);
        if (!fits || !sameSign) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    field + ": " + seconds + " s, " + nanos + " ns (expected: a google.protobuf.Duration)");
        }
        long micros = seconds * 1_000_000L + nanos / 1_000;
        return nanos % 1_000 > 0 ? micros + 1 : nanos % 1_000 < 0 ? micros - 1 : micros;
    }

    private long timestamp(String field) throws IOException {
        secondsAndNanos();
        boolean fits = seconds >= -SECONDS_MAX && seconds <= SECONDS_MAX && nanos >= 0 && nanos <= NANOS_MAX;
        if (!fits) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    field + ": " + seconds + " s, " + nanos + " ns (expected: a google.protobuf.Timestamp)");
        }
        return seconds * 1_000_000L + nanos / 1_000;
    }

    private void secondsAndNanos() throws IOException {
        seconds = 0;
        nanos = 0;
        int limit = in.pushLimit(in.readRawVarint32());
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == FIRST_VARINT) seconds = in.readInt64();
            else if (tag == SECOND_VARINT) nanos = in.readInt32();
            else skip(tag);
        }
        in.popLimit(limit);
    }

    private void skip(int tag) throws IOException {
        if (!in.skipField(tag)) {
            throw new IOException("a group ends where none began");
        }
    }

    private Buffer view() throws IOException {
        int length = in.readRawVarint32();
        int offset = base + in.getTotalBytesRead();
        in.skipRawBytes(length);
        return Bytes.view(array, offset, length);
    }

    private static int bytes(int field) {
        return (field << 3) | WireFormat.WIRETYPE_LENGTH_DELIMITED;
    }

    private static int varint(int field) {
        return (field << 3) | WireFormat.WIRETYPE_VARINT;
    }
}
