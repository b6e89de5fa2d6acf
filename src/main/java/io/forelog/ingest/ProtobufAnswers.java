package io.forelog.ingest;

import com.google.protobuf.CodedOutputStream;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Durable;
import io.forelog.model.EntryId;
import io.forelog.model.Receipt;
import io.forelog.wire.v1.Trilean;
import io.forelog.wire.v1.WriteBatchResponse;
import io.forelog.wire.v1.WriteStreamResponse;
import io.forelog.wire.v1.WriteToLogResponse;
import java.io.IOException;

/**
 * Writes the write API's answers by hand, as {@link ProtobufRequests} reads the requests. Stateless, any thread.
 */
final class ProtobufAnswers {
    private static final byte[] HEX = "0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    private static final int ID_CHARS = 36;

    private ProtobufAnswers() {}

    /** The answer in an array of its own, behind {@code room} free bytes. */
    static byte[] one(AppendOutcome outcome, int room) {
        return one(Answer.of(outcome), room);
    }

    static byte[] one(Answer answer, int room) {
        byte[] array = new byte[room + answer.size()];
        try {
            answer.write(CodedOutputStream.newInstance(array, room, array.length - room));
        } catch (IOException e) {
            throw new IllegalStateException("an answer outgrew its computed size", e);
        }
        return array;
    }

    static byte[] batch(Answer[] answers) {
        return many(answers, WriteBatchResponse.OUTCOMES_FIELD_NUMBER, 0);
    }

    static byte[] streamMessage(Answer[] answers, long correlationId) {
        return many(answers, WriteStreamResponse.OUTCOMES_FIELD_NUMBER, correlationId);
    }

    private static byte[] many(Answer[] answers, int field, long correlationId) {
        int size = correlationId == 0
                ? 0
                : CodedOutputStream.computeUInt64Size(WriteStreamResponse.CORRELATION_ID_FIELD_NUMBER, correlationId);
        for (Answer answer : answers) {
            int answerSize = answer.size();
            size += 1 + CodedOutputStream.computeUInt32SizeNoTag(answerSize) + answerSize;
        }
        byte[] array = new byte[size];
        CodedOutputStream out = CodedOutputStream.newInstance(array);
        try {
            if (correlationId != 0) {
                out.writeUInt64(WriteStreamResponse.CORRELATION_ID_FIELD_NUMBER, correlationId);
            }
            for (Answer answer : answers) {
                out.writeTag(field, com.google.protobuf.WireFormat.WIRETYPE_LENGTH_DELIMITED);
                out.writeUInt32NoTag(answer.size());
                answer.write(out);
            }
        } catch (IOException e) {
            throw new IllegalStateException("answers outgrew their computed size", e);
        }
        return array;
    }

    /**
     * One answer, before it is written.
     *
     * @param id null = nothing was handed to a queue
     */
    record Answer(
            int durable,
            String message,
            @org.jspecify.annotations.Nullable EntryId id,
            String receipt) {
        static Answer of(AppendOutcome outcome) {
            Receipt receipt = outcome.receipt();
            boolean handedOff = outcome.durable() != Durable.FALSE;
            return new Answer(
                    trilean(outcome.durable()),
                    outcome.code() == null ? outcome.text() : outcome.code() + ": " + outcome.text(),
                    handedOff ? outcome.id() : null,
                    receipt == null ? "" : receipt.toString());
        }

        static Answer of(Refusal refusal) {
            return new Answer(Trilean.TRILEAN_FALSE_VALUE, refusal.message(), null, "");
        }

        private static int trilean(Durable durable) {
            return switch (durable) {
                case UNKNOWN -> Trilean.TRILEAN_UNKNOWN_VALUE;
                case TRUE -> Trilean.TRILEAN_TRUE_VALUE;
                case FALSE -> Trilean.TRILEAN_FALSE_VALUE;
            };
        }

        int size() {
            int size = durable == 0
                    ? 0
                    : CodedOutputStream.computeEnumSize(WriteToLogResponse.DURABLE_FIELD_NUMBER, durable);
            if (!message.isEmpty()) {
                size += CodedOutputStream.computeStringSize(WriteToLogResponse.MESSAGE_FIELD_NUMBER, message);
            }
            if (id != null) {
                size += 2 + ID_CHARS;
            }
            if (!receipt.isEmpty()) {
                size += CodedOutputStream.computeStringSize(WriteToLogResponse.RECEIPT_FIELD_NUMBER, receipt);
            }
            return size;
        }

        void write(CodedOutputStream out) throws IOException {
            if (durable != 0) {
                out.writeEnum(WriteToLogResponse.DURABLE_FIELD_NUMBER, durable);
            }
            if (!message.isEmpty()) {
                out.writeString(WriteToLogResponse.MESSAGE_FIELD_NUMBER, message);
            }
            if (id != null) {
                out.writeTag(
                        WriteToLogResponse.ENTRY_ID_FIELD_NUMBER,
                        com.google.protobuf.WireFormat.WIRETYPE_LENGTH_DELIMITED);
                out.writeUInt32NoTag(ID_CHARS);
                byte[] text = text(id);
                out.write(text, 0, text.length);
            }
            if (!receipt.isEmpty()) {
                out.writeString(WriteToLogResponse.RECEIPT_FIELD_NUMBER, receipt);
            }
        }
    }

    /** The 36 characters of a UUID. */
    static byte[] text(EntryId id) {
        byte[] text = new byte[ID_CHARS];
        int at = 0;
        for (int i = 0; i < 32; i++) {
            if (i == 8 || i == 12 || i == 16 || i == 20) {
                text[at++] = '-';
            }
            long half = i < 16 ? id.high() : id.low();
            text[at++] = HEX[(int) (half >>> (60 - 4 * (i & 15))) & 0xF];
        }
        return text;
    }
}
