package io.forelog.client.bench;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;

/** gRPC's five bytes before each message, and outcomes read without building messages. Stateless. */
final class Frames {
    static final int PREFIX = 5;

    private Frames() {}

    static Buffer frame(byte[] message) {
        return Buffer.buffer(PREFIX + message.length)
                .appendByte((byte) 0)
                .appendInt(message.length)
                .appendBytes(message);
    }

    /** Of a WriteToLogResponse. */
    static Answers one(byte[] message) throws IOException {
        return count(new int[3], outcome(CodedInputStream.newInstance(message)));
    }

    /** Of a WriteBatchResponse (outcomes = field 1) or WriteStreamResponse (outcomes = field 2). */
    static Answers many(byte[] message, int outcomesField) throws IOException {
        int[] counts = new int[3];
        CodedInputStream in = CodedInputStream.newInstance(message);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == WireFormat.FieldType.MESSAGE.getWireType() + (outcomesField << 3)) {
                int end = in.pushLimit(in.readRawVarint32());
                counts[outcome(in)]++;
                in.popLimit(end);
            } else {
                in.skipField(tag);
            }
        }
        return new Answers(counts[1], counts[2], counts[0], 0);
    }

    /** Of a WriteStreamResponse. */
    static long correlation(byte[] message) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(message);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == 1 << 3) {
                return in.readUInt64();
            }
            in.skipField(tag);
        }
        return 0;
    }

    private static Answers count(int[] counts, int outcome) {
        counts[outcome]++;
        return new Answers(counts[1], counts[2], counts[0], 0);
    }

    /** The Trilean's number, 0 where it is left out. */
    private static int outcome(CodedInputStream in) throws IOException {
        int durable = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == 1 << 3) {
                durable = in.readEnum();
            } else {
                in.skipField(tag);
            }
        }
        return durable >= 0 && durable <= 2 ? durable : 0;
    }
}
