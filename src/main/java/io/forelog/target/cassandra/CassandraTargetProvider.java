package io.forelog.target.cassandra;

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
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The target type {@code cassandra}. Stateless, any thread. */
public final class CassandraTargetProvider implements TargetProvider {
    private static final int REQUESTS = 512;
    /** Two of them for each go on one connection, which bears 32,768. */
    private static final int REQUESTS_MAX = 8_192;

    private static final List<String> OPERATIONS = List.of("put", "delete", "touch");
    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .add(new Key(
                    "contact_points",
                    Kind.TEXT_LIST,
                    true,
                    "",
                    false,
                    "host:port of some nodes; they name the others",
                    ConnectForm::contactPoints))
            .required("local_datacenter", Kind.TEXT, "the nodes that are asked")
            .add(checked("keyspace", Kind.TEXT, "", "of tables that are named without one", ConnectForm::keyspace))
            .optional("user", Kind.TEXT, "", "with password")
            .secret("password", "the user's: file:PATH or env:NAME")
            .add(checked(
                    "tls",
                    Kind.TEXT,
                    "verify-full with ca_file, else off",
                    "off, require (encrypted, not verified), verify-ca, verify-full",
                    ConnectForm::tls))
            .optional("ca_file", Kind.TEXT, "", "PEM file with the certificates to trust; with verify-ca, verify-full")
            .add(checked(
                    "consistency",
                    Kind.TEXT,
                    "LOCAL_QUORUM",
                    "how many replicas confirm: ONE, QUORUM, LOCAL_QUORUM, ALL and the like",
                    ConnectForm::consistency))
            .add(checked(
                    "requests",
                    Kind.INTEGER,
                    Integer.toString(REQUESTS),
                    "most statements in flight, over all batches; at most " + REQUESTS_MAX,
                    CassandraTargetProvider::requests))
            .add(checked(TableForm.TABLE, Kind.TEXT, "", "table or keyspace.table; this or cql", TableForm::table))
            .add(checked(TableForm.KEY, Kind.TEXT, "", "the key: the whole primary key; with table", TableForm::column))
            .add(checked(
                    TableForm.VALUE,
                    Kind.TEXT,
                    "",
                    "the payload: blob, text or the like; with table",
                    TableForm::column))
            .add(checked(
                    "cql",
                    Kind.TEXT_MAP,
                    "",
                    "a statement an operation: put, delete, touch; goes before the table's",
                    CassandraTargetProvider::cql))
            .optional("ttl", Kind.DURATION, "", "of an entry without attributes.ttl; where the statement has :ttl")
            .optional("destination", Kind.TEXT, "the first of destinations", "of an entry that names none")
            .build();

    @Override
    public String type() {
        return "cassandra";
    }

    @Override
    public ConfigSchema schema() {
        return SCHEMA;
    }

    @Override
    public RetryTable retryTable() {
        return CqlOutcomes.TABLE;
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
                .compose(password -> authorities(resources.vertx(), Words.text(config, "ca_file", ""))
                        .map(pem -> adapter(spec, resources, password, pem)));
    }

    private static Future<Buffer> authorities(Vertx vertx, String file) {
        return file.isEmpty()
                ? Future.succeededFuture(Buffer.buffer())
                : vertx.fileSystem()
                        .readFile(file)
                        .recover(failure -> Future.failedFuture(new WalException(
                                ErrorCode.INVALID_ARGUMENT,
                                "ca_file: " + failure.getMessage() + " (expected: a readable PEM file)")));
    }

    private static TargetAdapter adapter(TargetSpec spec, TargetResources resources, String password, Buffer pem) {
        int most = Words.number(spec.config(), "requests", REQUESTS);
        Duration timeout = spec.limit().timeout();
        ConnectForm.Settings settings =
                ConnectForm.settings(spec.config(), password, pem, timeout, most, "forelog-" + resources.node());
        Link link = new Link(resources.vertx(), () -> settings.builder().buildAsync(), most);
        return new CassandraTargetAdapter(
                resources.vertx(), link, statements(spec), Math.max(1L, timeout.toMillis()), resources.ticker());
    }

    private static Map<Operation, Statement> statements(TargetSpec spec) {
        Map<String, Object> config = spec.config();
        String first = spec.destinations().isEmpty() ? "" : spec.destinations().get(0);
        String destination = Words.text(config, "destination", first);
        Duration ttl = Words.duration(config, "ttl", Duration.ZERO);
        Map<String, String> own = Words.map(config, "cql");
        Map<Operation, String> ofTable = TableForm.templates(config);
        Map<Operation, Statement> statements = new EnumMap<>(Operation.class);
        for (Operation operation : Operation.values()) {
            String named = own.get(operation.name().toLowerCase(Locale.ROOT));
            String text = named != null ? named : ofTable.get(operation);
            if (text != null) {
                StatementTemplate template = StatementTemplate.parse(Dialect.CQL, text);
                statements.put(operation, new Statement(template, named == null, destination, ttl));
            }
        }
        return statements;
    }

    private static Key checked(
            String name, Kind kind, String defaultText, String meaning, Function<Object, @Nullable String> check) {
        return new Key(name, kind, false, defaultText, false, meaning, check);
    }

    private static @Nullable String requests(Object value) {
        long number = ((Number) value).longValue();
        return number >= 1 && number <= REQUESTS_MAX ? null : "1 to " + REQUESTS_MAX;
    }

    private static @Nullable String cql(Object value) {
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
                    StatementTemplate.expectation(Dialect.CQL, pair.getValue().toString());
            if (expectation != null) {
                return operation + " " + expectation;
            }
        }
        return null;
    }
}
