package io.forelog.target.opensearch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.io.IOException;

/** Reads payloads, which must be a JSON object in UTF-8 each. Stateless, any thread. */
final class Documents {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .disable(JsonFactory.Feature.CHARSET_DETECTION) // else UTF-16 would pass, and spoil the lines around it
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .build();
    private static final ObjectReader TREE = JsonMapper.builder(FACTORY).build().readerFor(JsonNode.class);

    private Documents() {}

    /**
     * Makes one line of it, in place: between its values a line break is white space, within them there is none.
     *
     * @throws WalException TARGET_REJECTED where it is no JSON object
     */
    static void check(byte[] payload) {
        try (JsonParser parser = FACTORY.createParser(payload)) {
            JsonToken first = parser.nextToken();
            if (first != JsonToken.START_OBJECT) {
                throw refused(first == null ? "empty" : "no JSON object");
            }
            parser.skipChildren();
            if (parser.currentToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
                throw refused("more than one JSON object, or less");
            }
        } catch (JsonProcessingException e) {
            throw refused("no JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw refused("no JSON");
        }
        for (int i = 0; i < payload.length; i++) {
            if (payload[i] == '\n' || payload[i] == '\r') {
                payload[i] = ' ';
            }
        }
    }

    /** @throws WalException TARGET_REJECTED where it is no JSON */
    static JsonNode tree(byte[] payload) {
        try {
            return TREE.readTree(payload);
        } catch (JsonProcessingException e) {
            throw refused("no JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw refused("no JSON");
        }
    }

    /** Of the whole text, or of what a parser stands at. */
    static ObjectReader reader() {
        return TREE;
    }

    static JsonFactory factory() {
        return FACTORY;
    }

    private static WalException refused(String what) {
        return new WalException(ErrorCode.TARGET_REJECTED, "payload: " + what + " (expected: a JSON object)");
    }
}
