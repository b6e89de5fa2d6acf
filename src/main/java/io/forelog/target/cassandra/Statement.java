package io.forelog.target.cassandra;

import com.datastax.oss.driver.api.core.cql.ColumnDefinitions;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.Parameter;
import io.forelog.target.StatementTemplate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What is run for the deliveries of one operation. Immutable.
 *
 * @param ofTable made from a table's columns: it wants a key, and an item that has ended is deleted
 * @param destination of an entry that names none
 * @param ttl of an entry that names none; zero = for ever
 */
record Statement(StatementTemplate template, boolean ofTable, String destination, Duration ttl) {
    /** @throws WalException where a marker is of a type that no value can be bound to */
    Prepared prepared(PreparedStatement by) {
        ColumnDefinitions markers = by.getVariableDefinitions();
        List<ColumnType> types = new ArrayList<>(markers.size());
        for (int i = 0; i < markers.size(); i++) {
            ColumnType type = ColumnType.of(markers.get(i).getType());
            if (type == null) {
                Parameter parameter = template.parameters().get(i);
                throw new WalException(
                        ErrorCode.TARGET_REJECTED,
                        parameter + ": of type " + markers.get(i).getType().asCql(false, false)
                                + " (expected: fromJson(" + parameter + "), or a type of single values)");
            }
            types.add(type);
        }
        boolean ends = template.parameters().stream().anyMatch(p -> p.kind() == Parameter.Kind.TTL);
        return new Prepared(this, by, List.copyOf(types), ends);
    }
}
