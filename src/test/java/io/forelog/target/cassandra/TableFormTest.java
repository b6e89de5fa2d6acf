package io.forelog.target.cassandra;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Operation;
import io.forelog.target.StatementTemplate;
import io.forelog.target.StatementTemplate.Dialect;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TableFormTest {
    @Test
    void aTableIsTwoStatements() {
        Map<Operation, String> templates =
                TableForm.templates(Map.of("table", "shop.\"Items\"", "key_column", "id", "value_column", "body"));
        assertThat(templates)
                .containsOnly(
                        Map.entry(
                                Operation.PUT,
                                "INSERT INTO shop.\"Items\" (id, body) VALUES (:key, :payload) USING TTL :ttl"),
                        Map.entry(Operation.DELETE, "DELETE FROM shop.\"Items\" WHERE id = :key"));
        assertThat(StatementTemplate.parse(Dialect.CQL, templates.get(Operation.PUT))
                        .text())
                .isEqualTo("INSERT INTO shop.\"Items\" (id, body) VALUES (?, ?) USING TTL ?");
        assertThat(TableForm.templates(Map.of("cql", Map.of()))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"t; drop table u", "a b", "1a", "a.b.c", "\"a", "a-b", ""})
    void aNameIsNothingButAName(String text) {
        assertThat(TableForm.table(text)).isNotNull();
        assertThat(TableForm.column(text)).isNotNull();
        assertThat(TableForm.column("a.b")).isNotNull();
    }

    @ParameterizedTest
    @CsvSource({
        "table,value_column: missing",
        "key_column,key_column: without a table",
        "keyspace,'table, cql: both missing'"
    })
    void whatBelongsTogetherIsAskedFor(String only, String problem) {
        Map<String, Object> config = new HashMap<>(Map.of(only, "t"));
        if (only.equals("table")) {
            config.put("key_column", "k");
        }
        assertThat(TableForm.problem(config)).contains(problem);
    }

    @Test
    void aTableNeedsAKeyspaceSomewhere() {
        Map<String, Object> config = new HashMap<>(Map.of("table", "t", "key_column", "k", "value_column", "v"));
        assertThat(TableForm.problem(config)).startsWith("keyspace: missing");
        config.put("table", "shop.t");
        assertThat(TableForm.problem(config)).isNull();
        config.putAll(Map.of("table", "t", "keyspace", "shop"));
        assertThat(TableForm.problem(config)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"node", "node:9042", "10.0.0.1:9042", "[::1]:9042", "db-1.example.org"})
    void aContactPointIsAHostAndAPort(String good) {
        assertThat(ConnectForm.contactPoints(List.of(good))).isNull();
        assertThat(ConnectForm.contactPoints(List.of(good, "node:99999"))).contains("host:port");
        assertThat(ConnectForm.contactPoints(List.of())).contains("host:port");
        assertThat(ConnectForm.contactPoints(List.of("cassandra://node"))).contains("host:port");
    }
}
