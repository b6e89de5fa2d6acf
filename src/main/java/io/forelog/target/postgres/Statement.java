package io.forelog.target.postgres;

import com.fasterxml.jackson.databind.JsonNode;
import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.Parameter;
import io.forelog.target.Payloads;
import io.forelog.target.StatementTemplate;
import org.jspecify.annotations.Nullable;

/**
 * What is run for the deliveries of one operation. Immutable.
 *
 * @param keyed whether an entry without a key is refused here: the server would take it for a row that is not there
 * @param destination of an entry that names none
 */
record Statement(StatementTemplate template, boolean keyed, String destination) {
    String sql() {
        return template.text();
    }

    /** @throws WalException where the delivery has not what the statement needs */
    BoundValues bind(Delivery delivery) {
        if (keyed && delivery.entry().key().length() == 0) {
            throw new WalException(ErrorCode.TARGET_REJECTED, "key: empty (expected: the key of a row)");
        }
        @Nullable
        JsonNode document =
                template.readsJson() ? Payloads.json(delivery.entry().payload(), ":json(…)") : null;
        BoundValues values = new BoundValues(template.parameters());
        for (Parameter parameter : template.parameters()) {
            values.addValue(parameter.value(delivery, document, destination, null));
        }
        return values;
    }
}
