package io.forelog.target.cassandra;

import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.BoundStatementBuilder;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.fasterxml.jackson.databind.JsonNode;
import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.Parameter;
import io.forelog.target.Payloads;
import io.forelog.target.TimeToLive;
import io.forelog.target.WriteTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A statement as the server has prepared it. Immutable.
 *
 * @param types of the markers, in their order
 * @param ends whether it asks for what is left of an item's time
 */
record Prepared(Statement statement, PreparedStatement by, List<ColumnType> types, boolean ends) {
    private static final long SECOND_MICROS = 1_000_000L;

    /**
     * Whole seconds until the item ends: 0 where it has ended, null where it does not end.
     *
     * @throws WalException where the entry's ttl is none
     */
    @Nullable
    Integer ttlSeconds(Delivery delivery, long nowMicros) {
        long end = ends ? TimeToLive.endMicros(delivery.entry(), statement.ttl()) : 0L;
        if (end == 0) {
            return null;
        }
        return (int) Math.min(Integer.MAX_VALUE, Math.max(0L, (end - nowMicros + SECOND_MICROS - 1) / SECOND_MICROS));
    }

    /**
     * With the time of the write as its timestamp: the newest wins, whatever comes when and how often.
     *
     * @throws WalException where the delivery has not what the statement needs
     */
    BoundStatement bind(Delivery delivery, @Nullable Integer ttlSeconds) {
        if (statement.ofTable() && delivery.entry().key().length() == 0) {
            throw new WalException(ErrorCode.TARGET_REJECTED, "key: empty (expected: the key of a row)");
        }
        @Nullable
        JsonNode document = statement.template().readsJson()
                ? Payloads.json(delivery.entry().payload(), ":json(…)")
                : null;
        BoundStatementBuilder bound = by.boundStatementBuilder();
        List<Parameter> parameters = statement.template().parameters();
        for (int i = 0; i < parameters.size(); i++) {
            Parameter parameter = parameters.get(i);
            Object value = parameter.value(delivery, document, statement.destination(), ttlSeconds);
            if (value != null) {
                bound = types.get(i).bind(bound, i, parameter, value);
            } else if (parameter.kind() != Parameter.Kind.TTL) { // left unset, it is the table's own
                bound = bound.setToNull(i);
            }
        }
        return bound.setQueryTimestamp(WriteTime.micros(delivery.entry())).build();
    }
}
