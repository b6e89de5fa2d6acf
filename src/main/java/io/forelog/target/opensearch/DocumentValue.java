package io.forelog.target.opensearch;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.KeyTemplate;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A text of a document's address: a {@link KeyTemplate}, or a JSON pointer into the payload, which begins with a slash.
 * Immutable.
 *
 * @param name of the setting, for messages
 */
record DocumentValue(String name, @Nullable KeyTemplate template, JsonPointer pointer) {
    /** Null, or what is expected of {@code text}. */
    static @Nullable String expectation(Object text) {
        if (!text.toString().startsWith("/")) {
            return KeyTemplate.expectation(text);
        }
        try {
            JsonPointer.compile(text.toString());
            return null;
        } catch (IllegalArgumentException e) {
            return "a JSON pointer such as /order/id";
        }
    }

    static DocumentValue parse(String name, String text) {
        return text.startsWith("/") ? new DocumentValue(name, null, JsonPointer.compile(text)) : template(name, text);
    }

    static DocumentValue template(String name, String text) {
        return new DocumentValue(name, KeyTemplate.parse(text), JsonPointer.empty());
    }

    boolean wantsDocument() {
        return template == null;
    }

    /**
     * Never empty.
     *
     * @param document the payload, where it {@link #wantsDocument()}
     * @throws WalException TARGET_REJECTED where there is none
     */
    String of(Entry entry, String destination, @Nullable JsonNode document) {
        if (template != null) {
            return text(template.of(entry, destination));
        }
        JsonNode found = document == null ? null : document.at(pointer);
        if (found == null
                || !found.isValueNode()
                || found.isNull()
                || found.asText().isEmpty()) {
            throw refused("nothing at " + pointer + " of the payload (expected: a text or a number, of a DELETE too)");
        }
        return found.asText();
    }

    private String text(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw refused("no UTF-8 (expected: text)");
        }
    }

    private WalException refused(String what) {
        return new WalException(ErrorCode.TARGET_REJECTED, name + ": " + what);
    }
}
