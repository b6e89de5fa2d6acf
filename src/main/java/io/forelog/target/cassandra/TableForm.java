package io.forelog.target.cassandra;

import io.forelog.model.Operation;
import io.forelog.target.Words;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The templates of the easy form: a table, its key and its value. Names are spliced as the document has them, and are
 * nothing but names. Stateless, any thread.
 */
final class TableForm {
    static final String TABLE = "table";
    static final String KEY = "key_column";
    static final String VALUE = "value_column";

    private static final String NAME = "(?:[A-Za-z][A-Za-z0-9_]*|\"(?:[^\"\\x00]|\"\")+\")";
    private static final Pattern COLUMN = Pattern.compile(NAME);
    private static final Pattern TABLE_NAME = Pattern.compile("(?:" + NAME + "\\.)?" + NAME);

    private TableForm() {}

    static @Nullable String column(Object text) {
        return COLUMN.matcher(text.toString()).matches() ? null : "a name, in double quotes where it needs them";
    }

    static @Nullable String table(Object text) {
        return TABLE_NAME.matcher(text.toString()).matches()
                ? null
                : "table or keyspace.table, each in double quotes where it needs them";
    }

    /** What is wrong with the keys beside one another; null where nothing is. */
    static @Nullable String problem(Map<String, Object> config) {
        boolean table = config.containsKey(TABLE);
        for (String column : List.of(KEY, VALUE)) {
            if (table && !config.containsKey(column)) {
                return column + ": missing (expected: a column, with table)";
            }
            if (!table && config.containsKey(column)) {
                return column + ": without a table (expected: table)";
            }
        }
        if (!table && !config.containsKey("cql")) {
            return "table, cql: both missing (expected: one of them)";
        }
        return table
                        && !config.containsKey("keyspace")
                        && COLUMN.matcher(Words.text(config, TABLE, "")).matches()
                ? "keyspace: missing (expected: a keyspace, or table: keyspace.table)"
                : null;
    }

    /** Of PUT and DELETE; TOUCH has none, since Cassandra writes a value to give it another end. */
    static Map<Operation, String> templates(Map<String, Object> config) {
        String table = Words.text(config, TABLE, "");
        if (table.isEmpty()) {
            return Map.of();
        }
        String key = Words.text(config, KEY, "");
        return Map.of(
                Operation.PUT,
                "INSERT INTO " + table + " (" + key + ", " + Words.text(config, VALUE, "")
                        + ") VALUES (:key, :payload) USING TTL :ttl",
                Operation.DELETE,
                "DELETE FROM " + table + " WHERE " + key + " = :key");
    }
}
