package io.forelog.queue.sqs;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.wire.EnvelopeCodec;
import io.forelog.wire.v1.StoredObligation;
import io.forelog.wire.v1.StoredObligations;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;

/**
 * Between a {@link Parcel} and the body and attributes of a message. The body is base64, since SQS takes text only. Stateless,
 * any thread.
 */
final class ParcelCodec {
    static final String KIND = "forelog-kind";
    static final String ID = "forelog-id";
    static final String ROUTES = "forelog-routes";
    static final String DUE = "forelog-due";
    /** {@link SqsClock#now} as it leaves, of the clock that its times are of. */
    static final String SENT = "forelog-sent";

    static final String NAMESPACE = "forelog-namespace";
    static final String BLOB = "forelog-blob";
    static final String BLOB_BYTES = "forelog-blob-bytes";
    static final String CAUSE = "forelog-cause";
    static final String CAUSE_TEXT = "forelog-cause-text";
    static final String ATTEMPTS = "forelog-attempts";
    private static final String FRESH = "entry";
    private static final String KEPT = "obligations";
    private static final int CAUSE_TEXT_MAX = 256;

    private ParcelCodec() {}

    static String body(Parcel parcel) {
        byte[] envelope = EnvelopeCodec.encode(parcel.entry());
        if (parcel.fresh()) {
            return text(envelope);
        }
        StoredObligations.Builder stored =
                StoredObligations.newBuilder().setEntry(UnsafeByteOperations.unsafeWrap(envelope));
        for (Obligation each : parcel.obligations()) {
            stored.addObligations(each.store());
        }
        return text(stored.build().toByteArray());
    }

    private static String text(byte[] bytes) {
        return new String(Base64.getEncoder().encode(bytes), StandardCharsets.ISO_8859_1);
    }

    /** What other tools can read. {@code blob} empty = the payload is in the body; {@code blobBytes} negative = not known. */
    static Map<String, String> attributes(Parcel parcel, String blob, long blobBytes) {
        Map<String, String> attributes = new LinkedHashMap<>();
        attributes.put(KIND, parcel.fresh() ? FRESH : KEPT);
        attributes.put(ID, parcel.entry().id().toString());
        StringBuilder routes = new StringBuilder();
        for (Obligation each : parcel.obligations()) {
            routes.append(routes.isEmpty() ? "" : ",").append(each.route());
        }
        attributes.put(ROUTES, routes.toString());
        attributes.put(DUE, String.valueOf(parcel.dueMicros()));
        attributes.put(NAMESPACE, parcel.entry().namespace());
        if (parcel.waits()) {
            attributes.put(SENT, SqsClock.LATER);
        }
        if (!blob.isEmpty()) {
            attributes.put(BLOB, blob);
            if (blobBytes >= 0) {
                attributes.put(BLOB_BYTES, String.valueOf(blobBytes));
            }
        }
        Obligation only = parcel.obligations().get(0);
        if (only.diedMicros() > 0 && only.last() != null) {
            attributes.put(CAUSE, only.last().code().name());
            String words = printable(only.last().text());
            if (!words.isEmpty()) {
                attributes.put(CAUSE_TEXT, words);
            }
            attributes.put(ATTEMPTS, String.valueOf(only.attempts()));
        }
        return attributes;
    }

    // SQS refuses control characters.
    private static String printable(String text) {
        StringBuilder printable = new StringBuilder();
        text.codePoints()
                .limit(CAUSE_TEXT_MAX)
                .map(c -> c < ' ' || c > 0xD7FF && c < 0xE000 || c == 0xFFFE || c == 0xFFFF ? ' ' : c)
                .forEach(printable::appendCodePoint);
        return printable.toString().strip();
    }

    /** As SQS counts: names, types and values. */
    static int bytes(String body, Map<String, String> attributes) {
        int bytes = body.length();
        for (Map.Entry<String, String> each : attributes.entrySet()) {
            bytes += each.getKey().length()
                    + "String".length()
                    + each.getValue().getBytes(StandardCharsets.UTF_8).length;
        }
        return bytes;
    }

    /** @throws WalException CORRUPT where it is no message of ours; its payload is missing where it lies in a blob */
    static Parcel decode(String namespace, Message message) {
        String kind = attribute(message, KIND);
        try {
            byte[] bytes = Base64.getDecoder().decode(message.body());
            if (kind.equals(FRESH)) {
                return Parcel.fresh(EnvelopeCodec.decode(namespace, bytes));
            } else if (kind.equals(KEPT)) {
                StoredObligations stored = StoredObligations.parseFrom(bytes);
                Entry entry = EnvelopeCodec.decode(namespace, stored.getEntry().toByteArray());
                List<Obligation> obligations = new ArrayList<>(stored.getObligationsCount());
                for (StoredObligation each : stored.getObligationsList()) {
                    obligations.add(Obligation.load(each));
                }
                if (!obligations.isEmpty()) {
                    return Parcel.of(entry, obligations);
                }
            }
        } catch (IllegalArgumentException | InvalidProtocolBufferException e) {
            throw new WalException(ErrorCode.CORRUPT, "message " + message.messageId() + ": " + e.getMessage(), e);
        }
        throw new WalException(
                ErrorCode.CORRUPT,
                "message " + message.messageId() + ": " + KIND + " is '" + kind + "' (expected: " + FRESH + " or "
                        + KEPT + ", with at least one route)");
    }

    /** Empty where it has none. */
    static String attribute(Message message, String name) {
        MessageAttributeValue value = message.messageAttributes().get(name);
        return value == null || value.stringValue() == null ? "" : value.stringValue();
    }

    /** Of the payload that lies elsewhere; negative where nobody told. */
    static long blobBytes(Message message) {
        try {
            return Long.parseLong(attribute(message, BLOB_BYTES));
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /** {@code now}: what {@link #SENT} is to say. */
    static Map<String, MessageAttributeValue> sdk(Map<String, String> attributes, String now) {
        Map<String, MessageAttributeValue> values = new LinkedHashMap<>();
        attributes.forEach((name, value) -> values.put(
                name,
                MessageAttributeValue.builder()
                        .dataType("String")
                        .stringValue(name.equals(SENT) ? now : value)
                        .build()));
        return values;
    }
}
