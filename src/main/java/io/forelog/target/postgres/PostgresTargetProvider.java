package io.forelog.target.postgres;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.WalException;
import io.forelog.target.RetryTable;
import io.forelog.target.Secrets;
import io.forelog.target.StatementTemplate;
import io.forelog.target.StatementTemplate.Dialect;
import io.forelog.target.TargetAdapter;
import io.forelog.target.TargetProvider;
import io.forelog.target.TargetResources;
import io.forelog.target.TargetSpec;
import io.forelog.target.Words;
import io.vertx.core.Future;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The target type {@code postgres}. Stateless, any thread. */
public final class PostgresTargetProvider implements TargetProvider {
    private static final int CONNECTIONS = 8;
    private static final int CONNECTIONS_MAX = 200;
    /** A statement that waits for a lock is given up in time for the others of its batch to go alone. */
    private static final int STATEMENT_SHARE = 3;

    private static final List<String> OPERATIONS = List.of("put", "delete", "touch");
    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .add(checked("uri", Kind.TEXT, "", "postgresql://user@host:port/database; this or host", ConnectForm::uri))
            .optional("host", Kind.TEXT, "", "of the server; this or uri")
            .add(checked(
                    "port", Kind.INTEGER, "5432", "with host", value -> isWithin(value, 65_535) ? null : "1 to 65535"))
            .optional("database", Kind.TEXT, "postgres", "with host")
            .optional("user", Kind.TEXT, "postgres", "with host")
            .secret("password", "the user's: file:PATH or env:NAME")
            .add(checked(
                    "tls",
                    Kind.TEXT,
                    "verify-full with ca_file, else off",
                    "off, require (encrypted, not verified), verify-ca, verify-full",
                    ConnectForm::tls))
            .optional("ca_file", Kind.TEXT, "", "PEM file with the certificates to trust; with verify-ca, verify-full")
            .add(checked(
                    "connections",
                    Kind.INTEGER,
                    "limit.concurrency, 8 where that is adaptive",
                    "most connections, each with one batch at a time; at most 200",
                    value -> isWithin(value, CONNECTIONS_MAX) ? null : "1 to " + CONNECTIONS_MAX))
            .add(checked(TableForm.TABLE, Kind.TEXT, "", "table or schema.table; this or sql", TableForm::table))
            .add(checked(TableForm.KEY, Kind.TEXT, "", "the key; primary or unique; with table", TableForm::column))
            .add(checked(
                    TableForm.VALUE, Kind.TEXT, "", "the payload: bytea, text or jsonb; with table", TableForm::column))
            .add(checked(
                    TableForm.VERSION,
                    Kind.TEXT,
                    "",
                    "bigint; the newest write wins; without it, the last to come",
                    TableForm::column))
            .add(checked(
                    TableForm.ENTRY_ID,
                    Kind.TEXT,
                    "",
                    "uuid; decides between writes of the same microsecond",
                    TableForm::column))
            .add(checked(
                    TableForm.DELETED,
                    Kind.TEXT,
                    "",
                    "boolean; a deletion leaves its row, with this true and no value",
                    TableForm::column))
            .add(checked(
                    "sql",
                    Kind.TEXT_MAP,
                    "",
                    "a statement an operation: put, delete, touch; goes before the table's",
                    PostgresTargetProvider::sql))
            .optional("destination", Kind.TEXT, "the first of destinations", "of an entry that names none")
            .build();

    @Override
    public String type() {
        return "postgres";
    }

    @Override
    public ConfigSchema schema() {
        return SCHEMA;
    }

    @Override
    public RetryTable retryTable() {
        return SqlOutcomes.TABLE;
    }

    @Override
    public Future<TargetAdapter> open(TargetSpec spec, TargetResources resources) {
        Map<String, Object> config = spec.config();
        String connect = ConnectForm.problem(config);
        String problem = connect != null ? connect : TableForm.problem(config);
        if (problem != null) {
            return Future.failedFuture(new WalException(ErrorCode.INVALID_ARGUMENT, problem));
        }
        return Secrets.resolve(resources.vertx(), Words.text(config, "password", ""))
                .map(password -> adapter(spec, resources, password));
    }

    private static TargetAdapter adapter(TargetSpec spec, TargetResources resources, String password) {
        int concurrency = spec.limit().concurrency();
        int most = concurrency > 0 ? Math.min(concurrency, CONNECTIONS_MAX) : CONNECTIONS;
        long timeoutMillis = Math.max(1L, spec.limit().timeout().toMillis());
        Connections connections = new Connections(
                resources.vertx(),
                ConnectForm.options(spec.config(), password, "forelog-" + resources.node()),
                Words.number(spec.config(), "connections", most),
                timeoutMillis,
                Math.max(1L, timeoutMillis / STATEMENT_SHARE));
        return new PostgresTargetAdapter(resources.vertx(), connections, statements(spec), timeoutMillis);
    }

    private static Map<Operation, Statement> statements(TargetSpec spec) {
        Map<String, Object> config = spec.config();
        String first = spec.destinations().isEmpty() ? "" : spec.destinations().get(0);
        String destination = Words.text(config, "destination", first);
        Map<String, String> own = Words.map(config, "sql");
        Map<Operation, String> ofTable = TableForm.templates(config);
        Map<Operation, Statement> statements = new EnumMap<>(Operation.class);
        for (Operation operation : Operation.values()) {
            String named = own.get(operation.name().toLowerCase(Locale.ROOT));
            String text = named != null ? named : ofTable.get(operation);
            if (text != null) {
                statements.put(
                        operation,
                        new Statement(StatementTemplate.parse(Dialect.SQL, text), named == null, destination));
            }
        }
        return statements;
    }

    private static Key checked(
            String name,
            Kind kind,
            String defaultText,
            String meaning,
            java.util.function.Function<Object, @Nullable String> check) {
        return new Key(name, kind, false, defaultText, false, meaning, check);
    }

    private static boolean isWithin(Object value, int most) {
        long number = ((Number) value).longValue();
        return number >= 1 && number <= most;
    }

    private static @Nullable String sql(Object value) {
        Map<?, ?> statements = (Map<?, ?>) value;
        if (statements.isEmpty()) {
            return "put, delete, touch: a statement each";
        }
        for (Map.Entry<?, ?> pair : statements.entrySet()) {
            String operation = pair.getKey().toString();
            if (!OPERATIONS.contains(operation)) {
                return "put, delete, touch, not " + operation;
            }
            String expectation =
                    StatementTemplate.expectation(Dialect.SQL, pair.getValue().toString());
            if (expectation != null) {
                return operation + " " + expectation;
            }
        }
        return null;
    }
}
