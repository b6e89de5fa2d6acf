package io.forelog.target.postgres;

import io.forelog.model.Delivery;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.backend.PostgresServer;
import io.forelog.target.Deliveries;
import io.forelog.target.StatementTemplate;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Tuple;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Measures the postgres target beside a bare loop of the same client: guarded upserts of 1 KiB over 100,000 keys, four batches
 * of 250 at once over four connections. A main, not a test: figures are ratios of one run.
 */
public final class PostgresRates {
    private static final int AT_ONCE = 4;
    private static final int BATCH = 250;
    private static final int KEYS = 100_000;
    private static final byte[] PAYLOAD = new byte[1024];

    private PostgresRates() {}

    public static void main(String[] args) throws Exception {
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        PostgresServer server = PostgresServer.create();
        try (WriterRig rig = new WriterRig(Files.createTempDirectory("rates"))) {
            Map<String, Object> config = Map.of(
                    "uri",
                    server.uri(),
                    "connections",
                    AT_ONCE,
                    "table",
                    "rates",
                    "key_column",
                    "k",
                    "value_column",
                    "v",
                    "version_column",
                    "version",
                    "entry_id_column",
                    "entry");
            PgConnection direct = WriterRig.await(PgConnection.connect(rig.vertx, server.uri()));
            rig.deploy("postgres", config, new TargetSpec.Limit(AT_ONCE, 0, java.time.Duration.ofSeconds(20), BATCH));
            String sql = StatementTemplate.parse(
                            StatementTemplate.Dialect.SQL,
                            TableForm.templates(config).get(Operation.PUT))
                    .text();
            List<Supplier<Double>> forms = List.of(
                    () -> loop(seconds, PostgresRates::tuples, bare(rig, server, sql)),
                    () -> loop(
                            seconds,
                            PostgresRates::deliveries,
                            (lane, batch) -> rig.send(batch).map(PostgresRates::applied)));
            double[][] rates = new double[2][3];
            for (int round = -1; round < 3; round++) { // the first warms up
                for (int form = 0; form < 2; form++) {
                    WriterRig.await(direct.query("DROP TABLE IF EXISTS rates").execute());
                    WriterRig.await(
                            direct.query("CREATE TABLE rates (k text PRIMARY KEY, v bytea, version bigint, entry uuid)")
                                    .execute());
                    double rate = forms.get(form).get();
                    if (round >= 0) {
                        rates[form][round] = rate;
                        System.out.printf("%-16s %,.0f/s%n", form == 0 ? "bare client" : "postgres target", rate);
                    }
                }
            }
            Arrays.sort(rates[0]);
            Arrays.sort(rates[1]);
            System.out.printf("ratio of medians %.2f%n", rates[1][1] / rates[0][1]);
            WriterRig.await(direct.close());
        } finally {
            server.close();
        }
        System.exit(0);
    }

    private interface Send<T> {
        /** Ends with how many were applied. */
        Future<Integer> send(int lane, List<T> batch);
    }

    private static Send<Tuple> bare(WriterRig rig, PostgresServer server, String sql) {
        List<PgConnection> connections = new ArrayList<>();
        PgConnectOptions options = PgConnectOptions.fromUri(server.uri()).setCachePreparedStatements(true);
        for (int i = 0; i < AT_ONCE; i++) {
            connections.add(WriterRig.await(PgConnection.connect(rig.vertx, options)));
        }
        return (lane, batch) ->
                connections.get(lane).preparedQuery(sql).executeBatch(batch).map(done -> batch.size());
    }

    private static <T> double loop(int seconds, Supplier<List<T>> next, Send<T> send) {
        long until = System.nanoTime() + seconds * 1_000_000_000L;
        AtomicInteger applied = new AtomicInteger();
        List<Future<Void>> lanes = new ArrayList<>();
        for (int lane = 0; lane < AT_ONCE; lane++) {
            Promise<Void> end = Promise.promise();
            again(lane, until, next, send, applied, end);
            lanes.add(end.future());
        }
        WriterRig.await(Future.join(lanes));
        return applied.get() / (double) seconds;
    }

    private static <T> void again(
            int lane, long until, Supplier<List<T>> next, Send<T> send, AtomicInteger applied, Promise<Void> end) {
        if (System.nanoTime() > until) {
            end.complete();
            return;
        }
        send.send(lane, next.get())
                .onComplete(
                        count -> {
                            applied.addAndGet(count);
                            again(lane, until, next, send, applied, end);
                        },
                        end::fail);
    }

    private static final AtomicInteger SEQUENCE = new AtomicInteger();

    /** Batches that are on their way together have no key in common. */
    private static List<Tuple> tuples() {
        List<Tuple> batch = new ArrayList<>(BATCH);
        for (int i = 0; i < BATCH; i++) {
            int n = SEQUENCE.getAndIncrement();
            batch.add(Tuple.of("key-" + n % KEYS, Buffer.buffer(PAYLOAD), (long) n, new UUID(0L, n)));
        }
        return batch;
    }

    private static List<Delivery> deliveries() {
        List<Delivery> batch = new ArrayList<>(BATCH);
        for (int i = 0; i < BATCH; i++) {
            int n = SEQUENCE.getAndIncrement();
            batch.add(Deliveries.of(
                    n,
                    Deliveries.with(
                            Deliveries.entry(
                                    Buffer.buffer("key-" + n % KEYS),
                                    Operation.PUT,
                                    Map.of(),
                                    Map.of("content-type", "application/octet-stream"),
                                    Buffer.buffer(PAYLOAD)),
                            1 + n,
                            "",
                            null)));
        }
        return batch;
    }

    private static int applied(List<Outcome> outcomes) {
        return (int) outcomes.stream()
                .filter(outcome -> outcome.kind() == Outcome.Kind.APPLIED)
                .count();
    }
}
