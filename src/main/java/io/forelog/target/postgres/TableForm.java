package io.forelog.target.postgres;

import io.forelog.model.Operation;
import io.forelog.target.Words;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The templates of the easy form: a table, its columns, and what guards them. Names are spliced as the document has them,
 * and are nothing but names. Stateless, any thread.
 */
final class TableForm {
    static final String TABLE = "table";
    static final String KEY = "key_column";
    static final String VALUE = "value_column";
    static final String VERSION = "version_column";
    static final String ENTRY_ID = "entry_id_column";
    static final String DELETED = "deleted_column";

    private static final String NAME = "(?:[A-Za-z_][A-Za-z0-9_]*|\"(?:[^\"\\x00]|\"\")+\")";
    private static final Pattern COLUMN = Pattern.compile(NAME);
    private static final Pattern TABLE_NAME = Pattern.compile("(?:" + NAME + "\\.)?" + NAME);

    private TableForm() {}

    static @Nullable String column(Object text) {
        return COLUMN.matcher(text.toString()).matches()
                ? null
                : "a column's name, in double quotes where it needs them";
    }

    static @Nullable String table(Object text) {
        return TABLE_NAME.matcher(text.toString()).matches()
                ? null
                : "table or schema.table, each in double quotes where it needs them";
    }

    /** What is wrong with the keys beside one another; null where nothing is. */
    static @Nullable String problem(Map<String, Object> config) {
        if (!config.containsKey(TABLE)) {
            for (String column : List.of(KEY, VALUE, VERSION, ENTRY_ID, DELETED)) {
                if (config.containsKey(column)) {
                    return column + ": without a table (expected: table)";
                }
            }
            return config.containsKey("sql") ? null : "table, sql: both missing (expected: one of them)";
        }
        for (String column : List.of(KEY, VALUE)) {
            if (!config.containsKey(column)) {
                return column + ": missing (expected: a column, with table)";
            }
        }
        for (String column : List.of(ENTRY_ID, DELETED)) {
            if (config.containsKey(column) && !config.containsKey(VERSION)) {
                return column + ": without a version (expected: version_column)";
            }
        }
        return null;
    }

    /** Of PUT and DELETE; TOUCH has none. Nothing where there is no table. */
    static Map<Operation, String> templates(Map<String, Object> config) {
        Map<Operation, String> templates = new EnumMap<>(Operation.class);
        String table = Words.text(config, TABLE, "");
        if (!table.isEmpty()) {
            templates.put(Operation.PUT, upsert(config, table, false));
            templates.put(
                    Operation.DELETE,
                    config.containsKey(DELETED) ? upsert(config, table, true) : delete(config, table));
        }
        return templates;
    }

    private static String upsert(Map<String, Object> config, String table, boolean tombstone) {
        String key = Words.text(config, KEY, "");
        List<String> columns = new ArrayList<>();
        List<String> values = new ArrayList<>();
        add(columns, values, Words.text(config, VALUE, ""), tombstone ? "NULL" : ":payload");
        add(columns, values, Words.text(config, VERSION, ""), ":version");
        add(columns, values, Words.text(config, ENTRY_ID, ""), ":entry_id");
        add(columns, values, Words.text(config, DELETED, ""), tombstone ? "true" : "false");
        StringBuilder set = new StringBuilder();
        columns.forEach(column -> set.append(set.length() == 0 ? "" : ", ")
                .append(column)
                .append(" = excluded.")
                .append(column));
        return "INSERT INTO " + table + " AS held (" + key + ", " + String.join(", ", columns) + ") VALUES (:key, "
                + String.join(", ", values) + ") ON CONFLICT (" + key + ") DO UPDATE SET " + set
                + guard(
                        config,
                        "excluded." + Words.text(config, VERSION, ""),
                        "excluded." + Words.text(config, ENTRY_ID, ""));
    }

    private static String delete(Map<String, Object> config, String table) {
        String where = guard(config, ":version", ":entry_id");
        return "DELETE FROM " + table + " AS held WHERE held." + Words.text(config, KEY, "") + " = :key"
                + (where.isEmpty() ? "" : where.replaceFirst(" WHERE ", " AND "));
    }

    /** A row that was there before it had a version gives way. */
    private static String guard(Map<String, Object> config, String version, String entryId) {
        String column = Words.text(config, VERSION, "");
        if (column.isEmpty()) {
            return "";
        }
        String id = Words.text(config, ENTRY_ID, "");
        String older = id.isEmpty()
                ? "held." + column + " < " + version
                : "(held." + column + ", held." + id + ") < (" + version + ", " + entryId + ")";
        return " WHERE (held." + column + " IS NULL OR " + older + ")";
    }

    private static void add(List<String> columns, List<String> values, String column, String value) {
        if (!column.isEmpty()) {
            columns.add(column);
            values.add(value);
        }
    }
}
