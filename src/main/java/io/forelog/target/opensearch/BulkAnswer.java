package io.forelog.target.opensearch;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import io.forelog.model.Outcome;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads the answer to a bulk request: an outcome an item, in the order of the request. Stateless, any thread. */
final class BulkAnswer {
    /** All that is looked at, which keeps the answer short. */
    static final String FILTER =
            "filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason";

    private BulkAnswer() {}

    /** Null for the items that the answer does not reach. */
    static @Nullable Outcome[] read(Buffer body, int items) {
        @Nullable Outcome[] outcomes = new @Nullable Outcome[items];
        try (JsonParser parser = Documents.factory().createParser(body.getBytes())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return outcomes;
            }
            for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
                JsonToken value = parser.nextToken();
                if (name.equals("errors") && value == JsonToken.VALUE_FALSE) {
                    Arrays.fill(outcomes, Outcome.applied());
                    return outcomes;
                }
                if (name.equals("items") && value == JsonToken.START_ARRAY) {
                    items(parser, outcomes);
                } else {
                    parser.skipChildren();
                }
            }
        } catch (IOException e) {
            // what came before it stands
        }
        return outcomes;
    }

    private static void items(JsonParser parser, @Nullable Outcome[] outcomes) throws IOException {
        for (int item = 0; parser.nextToken() == JsonToken.START_OBJECT; item++) {
            JsonNode operation = Documents.reader().<JsonNode>readValue(parser);
            JsonNode answer =
                    operation.elements().hasNext() ? operation.elements().next() : operation;
            if (item < outcomes.length && answer.path("status").isInt()) {
                outcomes[item] = BulkOutcomes.of(answer.path("status").intValue(), answer.get("error"));
            }
        }
    }
}
