package io.forelog.target.cassandra;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import io.forelog.model.Delivery;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.backend.CassandraServer;
import io.forelog.target.Deliveries;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Measures the cassandra target beside a bare loop of the same driver: inserts of 1 KiB over 100,000 keys with a timestamp, 512
 * in flight. A main, not a test: figures are ratios of one run.
 */
public final class CassandraRates {
    private static final int IN_FLIGHT = 512;
    private static final int BATCH = 128;
    private static final int AT_ONCE = 2 * IN_FLIGHT / BATCH;
    private static final int KEYS = 100_000;
    private static final byte[] PAYLOAD = new byte[1024];
    private static final AtomicInteger SEQUENCE = new AtomicInteger();

    private CassandraRates() {}

    private interface Form {
        double rate(int seconds) throws Exception;
    }

    public static void main(String[] args) throws Exception {
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        CassandraServer server = CassandraServer.shared();
        Map<String, Object> config = Map.of(
                "contact_points",
                List.of(server.contactPoint()),
                "local_datacenter",
                CassandraServer.DATACENTER,
                "requests",
                IN_FLIGHT,
                "table",
                "rates.items",
                "key_column",
                "k",
                "value_column",
                "v");
        Duration timeout = Duration.ofSeconds(20);
        try (WriterRig rig = new WriterRig(Files.createTempDirectory("rates"));
                CqlSession direct = ConnectForm.settings(config, "", Buffer.buffer(), timeout, IN_FLIGHT, "rates")
                        .builder()
                        .build()) {
            direct.execute("CREATE KEYSPACE IF NOT EXISTS rates"
                    + " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
            direct.execute("CREATE TABLE IF NOT EXISTS rates.items (k text PRIMARY KEY, v blob)");
            rig.deploy("cassandra", config, new TargetSpec.Limit(AT_ONCE, 0, timeout, BATCH));
            PreparedStatement insert = direct.prepare("INSERT INTO rates.items (k, v) VALUES (?, ?) USING TTL ?");
            List<Form> forms = List.of(time -> bare(direct, insert, time), time -> target(rig, time));
            double[][] rates = new double[2][3];
            for (int round = -1; round < 3; round++) { // the first warms up
                for (int form = 0; form < 2; form++) {
                    double rate = forms.get(form).rate(seconds);
                    if (round >= 0) {
                        rates[form][round] = rate;
                        System.out.printf("%-16s %,.0f/s%n", form == 0 ? "bare driver" : "cassandra target", rate);
                    }
                }
            }
            Arrays.sort(rates[0]);
            Arrays.sort(rates[1]);
            System.out.printf("ratio of medians %.2f%n", rates[1][1] / rates[0][1]);
        }
        System.exit(0);
    }

    private static double bare(CqlSession session, PreparedStatement insert, int seconds) throws InterruptedException {
        Semaphore room = new Semaphore(IN_FLIGHT);
        AtomicInteger applied = new AtomicInteger();
        long until = System.nanoTime() + seconds * 1_000_000_000L;
        while (System.nanoTime() < until) {
            room.acquire();
            int n = SEQUENCE.getAndIncrement();
            session.executeAsync(insert.boundStatementBuilder()
                            .setString(0, "key-" + n % KEYS)
                            .setByteBuffer(1, ByteBuffer.wrap(PAYLOAD))
                            .setQueryTimestamp(1 + n)
                            .build())
                    .whenComplete((AsyncResultSet rows, Throwable failure) -> {
                        applied.addAndGet(failure == null ? 1 : 0);
                        room.release();
                    });
        }
        room.acquire(IN_FLIGHT);
        return applied.get() / (double) seconds;
    }

    private static double target(WriterRig rig, int seconds) throws InterruptedException {
        AtomicInteger applied = new AtomicInteger();
        CountDownLatch lanes = new CountDownLatch(AT_ONCE);
        long until = System.nanoTime() + seconds * 1_000_000_000L;
        for (int lane = 0; lane < AT_ONCE; lane++) {
            again(rig, until, applied, lanes);
        }
        lanes.await();
        return applied.get() / (double) seconds;
    }

    private static void again(WriterRig rig, long until, AtomicInteger applied, CountDownLatch lanes) {
        if (System.nanoTime() > until) {
            lanes.countDown();
            return;
        }
        Future<List<Outcome>> answer = rig.send(deliveries());
        answer.onComplete(outcomes -> {
            applied.addAndGet((int)
                    outcomes.result().stream().filter(Outcome.applied()::equals).count());
            again(rig, until, applied, lanes);
        });
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
}
