package io.forelog.wire;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.IdempotencyToken;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.WalException;
import io.forelog.wire.v1.StoredEntry;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The stored envelope: one byte of format version, then a {@code forelog.v1.StoredEntry}. Written and read by hand, since
 * every entry passes here; a test holds it against the generated class. Stateless, any thread.
 *
 * <p>The namespace is not stored: its queue knows it. Unknown fields are skipped, so that N reads what N+1 added.
 */
public final class EnvelopeCodec {
    /** The version that is written. A reader takes this one and those before. */
    public static final byte VERSION = 1;

    private static final Operation[] OPERATIONS = Operation.values();
    private static final Priority[] PRIORITIES = Priority.values();
    private static final int ID_HIGH = tag(StoredEntry.ID_HIGH_FIELD_NUMBER, WireFormat.WIRETYPE_FIXED64);
    private static final int ID_LOW = tag(StoredEntry.ID_LOW_FIELD_NUMBER, WireFormat.WIRETYPE_FIXED64);
    private static final int ACCEPTED = tag(StoredEntry.ACCEPTED_MICROS_FIELD_NUMBER, WireFormat.WIRETYPE_FIXED64);
    private static final int DUE_AFTER = tag(StoredEntry.DUE_AFTER_MICROS_FIELD_NUMBER, WireFormat.WIRETYPE_VARINT);
    private static final int EXPIRES = tag(StoredEntry.EXPIRES_MICROS_FIELD_NUMBER, WireFormat.WIRETYPE_VARINT);
    private static final int WRITTEN = tag(StoredEntry.WRITE_MICROS_FIELD_NUMBER, WireFormat.WIRETYPE_VARINT);
    private static final int ROUTES = tag(StoredEntry.ROUTES_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
    private static final int DESTINATION =
            tag(StoredEntry.DESTINATION_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
    private static final int KEY = tag(StoredEntry.KEY_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
    private static final int OPERATION = tag(StoredEntry.OPERATION_FIELD_NUMBER, WireFormat.WIRETYPE_VARINT);
    private static final int PRIORITY = tag(StoredEntry.PRIORITY_FIELD_NUMBER, WireFormat.WIRETYPE_VARINT);
    private static final int ATTRIBUTES =
            tag(StoredEntry.ATTRIBUTES_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
    private static final int HEADERS = tag(StoredEntry.HEADERS_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
    private static final int PAYLOAD = tag(StoredEntry.PAYLOAD_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
    private static final int TOKEN = tag(StoredEntry.TOKEN_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
    private static final int TOKEN_TIME = tag(StoredEntry.TOKEN_MICROS_FIELD_NUMBER, WireFormat.WIRETYPE_VARINT);

    private EnvelopeCodec() {}

    /** The envelope in an array of exactly its size. */
    public static byte[] encode(Entry entry) {
        byte[] array = new byte[encodedSize(entry)];
        CodedOutputStream out = CodedOutputStream.newInstance(array);
        try {
            out.write(VERSION);
            write(entry, out);
            Buffer payload = entry.payload();
            if (payload.length() > 0) {
                out.writeUInt32NoTag(PAYLOAD);
                out.writeUInt32NoTag(payload.length());
                Bytes.copy(payload, array, out.getTotalBytesWritten());
            }
        } catch (IOException e) {
            throw new IllegalStateException("an envelope outgrew its computed size", e);
        }
        return array;
    }

    private static int encodedSize(Entry entry) {
        int size = 1 + 3 * 9;
        size += CodedOutputStream.computeSInt64Size(
                StoredEntry.DUE_AFTER_MICROS_FIELD_NUMBER, entry.dueMicros() - entry.acceptedMicros());
        size += CodedOutputStream.computeInt64Size(StoredEntry.EXPIRES_MICROS_FIELD_NUMBER, entry.expiresMicros());
        size += CodedOutputStream.computeInt64Size(StoredEntry.WRITE_MICROS_FIELD_NUMBER, entry.writeMicros());
        int routes = packedSize(entry.routes());
        size += 1 + CodedOutputStream.computeUInt32SizeNoTag(routes) + routes;
        size += CodedOutputStream.computeStringSize(StoredEntry.DESTINATION_FIELD_NUMBER, entry.destination());
        size += bytesSize(entry.key().length());
        size += 2 + 2;
        size += mapSize(entry.attributes()) + mapSize(entry.headers());
        if (entry.token() != null) {
            size += CodedOutputStream.computeStringSize(
                    StoredEntry.TOKEN_FIELD_NUMBER, entry.token().token());
            size += CodedOutputStream.computeInt64Size(
                    StoredEntry.TOKEN_MICROS_FIELD_NUMBER, entry.token().generationMicros());
        }
        return size + bytesSize(entry.payload().length());
    }

    private static void write(Entry entry, CodedOutputStream out) throws IOException {
        out.writeFixed64(StoredEntry.ID_HIGH_FIELD_NUMBER, entry.id().high());
        out.writeFixed64(StoredEntry.ID_LOW_FIELD_NUMBER, entry.id().low());
        out.writeSFixed64(StoredEntry.ACCEPTED_MICROS_FIELD_NUMBER, entry.acceptedMicros());
        out.writeSInt64(StoredEntry.DUE_AFTER_MICROS_FIELD_NUMBER, entry.dueMicros() - entry.acceptedMicros());
        out.writeInt64(StoredEntry.EXPIRES_MICROS_FIELD_NUMBER, entry.expiresMicros());
        out.writeInt64(StoredEntry.WRITE_MICROS_FIELD_NUMBER, entry.writeMicros());
        out.writeUInt32NoTag(ROUTES);
        out.writeUInt32NoTag(packedSize(entry.routes()));
        for (int i = 0; i < entry.routes().size(); i++) {
            out.writeUInt32NoTag(entry.routes().get(i));
        }
        out.writeString(StoredEntry.DESTINATION_FIELD_NUMBER, entry.destination());
        if (entry.key().length() > 0) {
            out.writeBytes(StoredEntry.KEY_FIELD_NUMBER, Bytes.string(entry.key()));
        }
        out.writeUInt32(StoredEntry.OPERATION_FIELD_NUMBER, entry.operation().ordinal());
        out.writeUInt32(StoredEntry.PRIORITY_FIELD_NUMBER, entry.priority().ordinal());
        writeMap(StoredEntry.ATTRIBUTES_FIELD_NUMBER, entry.attributes(), out);
        writeMap(StoredEntry.HEADERS_FIELD_NUMBER, entry.headers(), out);
        if (entry.token() != null) {
            out.writeString(StoredEntry.TOKEN_FIELD_NUMBER, entry.token().token());
            out.writeInt64(StoredEntry.TOKEN_MICROS_FIELD_NUMBER, entry.token().generationMicros());
        }
    }

    private static void writeMap(int field, Map<String, String> map, CodedOutputStream out) throws IOException {
        for (Map.Entry<String, String> pair : map.entrySet()) {
            out.writeTag(field, WireFormat.WIRETYPE_LENGTH_DELIMITED);
            out.writeUInt32NoTag(pairSize(pair));
            out.writeString(1, pair.getKey());
            out.writeString(2, pair.getValue());
        }
    }

    private static int mapSize(Map<String, String> map) {
        int size = 0;
        for (Map.Entry<String, String> pair : map.entrySet()) {
            int pairSize = pairSize(pair);
            size += 1 + CodedOutputStream.computeUInt32SizeNoTag(pairSize) + pairSize;
        }
        return size;
    }

    private static int pairSize(Map.Entry<String, String> pair) {
        return CodedOutputStream.computeStringSize(1, pair.getKey())
                + CodedOutputStream.computeStringSize(2, pair.getValue());
    }

    private static int packedSize(List<Integer> routes) {
        int size = 0;
        for (int i = 0; i < routes.size(); i++) {
            size += CodedOutputStream.computeUInt32SizeNoTag(routes.get(i));
        }
        return size;
    }

    private static int bytesSize(int length) {
        return length == 0 ? 0 : 1 + CodedOutputStream.computeUInt32SizeNoTag(length) + length;
    }

    /** The entry in {@code envelope}; its payload and key are views of the array. CORRUPT where it can't be read. */
    public static Entry decode(String namespace, byte[] envelope) {
        return decode(namespace, envelope, 0, envelope.length);
    }

    /** As above, from a part of an array. */
    public static Entry decode(String namespace, byte[] array, int offset, int length) {
        try {
            if (length < 1 || array[offset] < 1 || array[offset] > VERSION) {
                throw new WalException(
                        ErrorCode.CORRUPT,
                        "stored envelope: format version " + (length < 1 ? "missing" : array[offset])
                                + " (expected: 1 to " + VERSION + ")");
            }
            return new Reader(array)
                    .read(namespace, CodedInputStream.newInstance(array, offset + 1, length - 1), offset + 1);
        } catch (IOException e) {
            throw new WalException(ErrorCode.CORRUPT, "stored envelope: " + e.getMessage(), e);
        }
    }

    private static int tag(int field, int wireType) {
        return (field << 3) | wireType;
    }

    /** The fields as they are found. One use. */
    private static final class Reader {
        private final byte[] array;
        private long idHigh;
        private long idLow;
        private long accepted;
        private long dueAfter;
        private long expires;
        private long written;
        private List<Integer> routes = List.of();
        private String destination = "";
        private Buffer key = Bytes.EMPTY;
        private int operation;
        private int priority;
        private Map<String, String> attributes = Map.of();
        private Map<String, String> headers = Map.of();
        private Buffer payload = Bytes.EMPTY;
        private @Nullable String token;
        private long tokenMicros;

        Reader(byte[] array) {
            this.array = array;
        }

        Entry read(String namespace, CodedInputStream in, int base) throws IOException {
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (tag == ID_HIGH) idHigh = in.readFixed64();
                else if (tag == ID_LOW) idLow = in.readFixed64();
                else if (tag == ACCEPTED) accepted = in.readSFixed64();
                else if (tag == DUE_AFTER) dueAfter = in.readSInt64();
                else if (tag == EXPIRES) expires = in.readInt64();
                else if (tag == WRITTEN) written = in.readInt64();
                else if (tag == ROUTES) routes = readRoutes(in);
                else if (tag == DESTINATION) destination = in.readString();
                else if (tag == KEY) key = view(in, base);
                else if (tag == OPERATION) operation = in.readUInt32();
                else if (tag == PRIORITY) priority = in.readUInt32();
                else if (tag == ATTRIBUTES) attributes = readPair(in, attributes);
                else if (tag == HEADERS) headers = readPair(in, headers);
                else if (tag == PAYLOAD) payload = view(in, base);
                else if (tag == TOKEN) token = in.readString();
                else if (tag == TOKEN_TIME) tokenMicros = in.readInt64();
                else in.skipField(tag);
            }
            return new Entry(
                    new EntryId(idHigh, idLow),
                    namespace,
                    accepted,
                    accepted + dueAfter,
                    expires,
                    written,
                    routes,
                    destination,
                    key,
                    0 <= operation && operation < OPERATIONS.length ? OPERATIONS[operation] : Operation.PUT,
                    0 <= priority && priority < PRIORITIES.length ? PRIORITIES[priority] : Priority.DEGRADED,
                    attributes,
                    headers,
                    payload,
                    token == null ? null : new IdempotencyToken(token, tokenMicros));
        }

        private Buffer view(CodedInputStream in, int base) throws IOException {
            int length = in.readRawVarint32();
            int offset = base + in.getTotalBytesRead();
            in.skipRawBytes(length);
            return Bytes.view(array, offset, length);
        }

        private static List<Integer> readRoutes(CodedInputStream in) throws IOException {
            int limit = in.pushLimit(in.readRawVarint32());
            List<Integer> routes = new ArrayList<>(2);
            while (in.getBytesUntilLimit() > 0) {
                routes.add(in.readUInt32());
            }
            in.popLimit(limit);
            return routes;
        }

        private static Map<String, String> readPair(CodedInputStream in, Map<String, String> map) throws IOException {
            Map<String, String> target = map.isEmpty() ? new HashMap<>() : map;
            int limit = in.pushLimit(in.readRawVarint32());
            String name = "";
            String value = "";
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (tag == tag(1, WireFormat.WIRETYPE_LENGTH_DELIMITED)) name = in.readString();
                else if (tag == tag(2, WireFormat.WIRETYPE_LENGTH_DELIMITED)) value = in.readString();
                else in.skipField(tag);
            }
            in.popLimit(limit);
            target.put(name, value);
            return target;
        }
    }
}
