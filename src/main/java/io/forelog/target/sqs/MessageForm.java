package io.forelog.target.sqs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

/**
 * A delivery as a message: the payload as text where SQS can carry it, else in base64 or, where there is none, one character (both
 * told by an attribute), and at most ten attributes, which is all that SQS takes. Stateless, any thread.
 */
final class MessageForm {
    private static final Set<String> NOT_CARRIED = Set.of("authorization", "proxy-authorization", "cookie");
    private static final String ORIGIN = "forelog-origin-entry-id";
    private static final int GROUP_MAX = 128;
    /** SQS takes no body without a character. */
    private static final String NO_BODY = "-";

    private MessageForm() {}

    /** {@code id} is unique within the batch. */
    static SendMessageBatchRequestEntry message(Delivery delivery, String id, boolean fifo) {
        Entry entry = delivery.entry();
        Map<String, MessageAttributeValue> attributes = attributes(delivery);
        String body = text(entry.payload().getBytes());
        if (entry.payload().length() == 0) {
            body = NO_BODY;
            put(attributes, "forelog-encoding", "empty");
        } else if (body == null) {
            body = Base64.getEncoder().encodeToString(entry.payload().getBytes());
            put(attributes, "forelog-encoding", "base64");
        }
        SendMessageBatchRequestEntry.Builder message =
                SendMessageBatchRequestEntry.builder().id(id).messageBody(body).messageAttributes(attributes);
        if (fifo) {
            message.messageGroupId(group(entry))
                    .messageDeduplicationId(entry.id().toString());
        }
        return message.build();
    }

    /** What counts against the largest message: body, and names, types and values of the attributes. */
    static int bytes(SendMessageBatchRequestEntry message) {
        int bytes = message.messageBody().getBytes(UTF_8).length;
        for (Map.Entry<String, MessageAttributeValue> attribute :
                message.messageAttributes().entrySet()) {
            MessageAttributeValue value = attribute.getValue();
            bytes += attribute.getKey().length() + value.dataType().length();
            bytes += value.stringValue().getBytes(UTF_8).length;
        }
        return bytes;
    }

    private static Map<String, MessageAttributeValue> attributes(Delivery delivery) {
        Entry entry = delivery.entry();
        Map<String, MessageAttributeValue> attributes = new HashMap<>();
        String id = entry.id().toString();
        put(attributes, "forelog-entry-id", id);
        put(attributes, "forelog-namespace", entry.namespace());
        put(attributes, "forelog-due", Long.toString(entry.dueMicros()));
        put(attributes, "forelog-attempt", Integer.toString(delivery.attempt()));
        put(attributes, "forelog-operation", entry.operation().name());
        String token = entry.token() == null ? id : text(entry.token().token().getBytes(UTF_8));
        put(attributes, "idempotency-key", token == null ? id : token);
        if (entry.key().length() > 0) {
            byte[] key = entry.key().getBytes();
            String text = text(key);
            put(
                    attributes,
                    text == null ? "forelog-key-base64" : "forelog-key",
                    text == null ? Base64.getEncoder().encodeToString(key) : text);
        }
        JsonObject others = new JsonObject();
        entry.headers().forEach((name, value) -> {
            String lower = name.toLowerCase(Locale.ROOT);
            boolean ours = lower.startsWith("forelog-") && !lower.equals(ORIGIN) || lower.equals("idempotency-key");
            if (lower.equals("traceparent")) {
                put(attributes, lower, value);
            } else if (!ours && !NOT_CARRIED.contains(lower)) {
                others.put(lower, value);
            }
        });
        if (!others.isEmpty()) {
            put(attributes, "forelog-headers", others.encode());
        }
        return attributes;
    }

    private static void put(Map<String, MessageAttributeValue> attributes, String name, String value) {
        if (!value.isEmpty()) {
            attributes.put(
                    name,
                    MessageAttributeValue.builder()
                            .dataType("String")
                            .stringValue(value)
                            .build());
        }
    }

    /** Order is kept within a group: one a key; an entry without a key stands alone. */
    private static String group(Entry entry) {
        if (entry.key().length() == 0) {
            return entry.id().toString();
        }
        byte[] key = entry.key().getBytes();
        boolean plain = key.length <= GROUP_MAX;
        for (int i = 0; i < key.length && plain; i++) {
            plain = key[i] > ' ' && key[i] < 0x7F;
        }
        return plain ? new String(key, UTF_8) : "sha256-" + HexFormat.of().formatHex(sha256(key));
    }

    private static byte[] sha256(byte[] key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    /** Null where the bytes are no UTF-8, or hold a character that SQS refuses: those that XML 1.0 does not know. */
    private static @Nullable String text(byte[] bytes) {
        String text;
        try {
            text = UTF_8.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == '\uFFFE' || c == '\uFFFF') {
                return null;
            }
        }
        return text;
    }
}
