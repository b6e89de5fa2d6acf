package io.forelog.target;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads payloads as text and as JSON, numbers exactly. Stateless, any thread. */
public final class Payloads {
    private static final ObjectReader JSON = JsonMapper.builder()
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS, DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build()
            .readerFor(JsonNode.class);

    private Payloads() {}

    /** @throws WalException where it is no JSON; {@code what}: the parameter that asks */
    public static JsonNode json(Buffer payload, String what) {
        try {
            JsonNode document = JSON.readValue(payload.getBytes());
            if (document.isMissingNode()) {
                throw refused(what, "the payload is empty (expected: JSON)");
            }
            return document;
        } catch (JsonProcessingException e) {
            throw refused(what, "the payload is no JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw refused(what, "the payload is no JSON");
        }
    }

    /** @throws WalException where it is no UTF-8 */
    public static String text(Buffer bytes, String what) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.getBytes()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw refused(what, "no UTF-8 (expected: text, or a column of bytes)");
        }
    }

    private static WalException refused(String what, String text) {
        return new WalException(ErrorCode.TARGET_REJECTED, what + ": " + text);
    }
}
