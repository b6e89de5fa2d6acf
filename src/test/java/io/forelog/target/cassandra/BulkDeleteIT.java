package io.forelog.target.cassandra;

import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.google.protobuf.ByteString;
import io.forelog.rig.Await;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.Soak;
import io.forelog.rig.backend.CassandraServer;
import io.forelog.wire.v1.Lifecycle;
import io.forelog.wire.v1.Operation;
import io.forelog.wire.v1.Target;
import io.forelog.wire.v1.Trilean;
import io.forelog.wire.v1.WriteAheadLogGrpcClient;
import io.forelog.wire.v1.WriteBatchRequest;
import io.forelog.wire.v1.WriteToLogRequest;
import io.forelog.wire.v1.WriteToLogResponse;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** conf/examples/bulk-delete as it stands, but for Cassandra's port: many deletions at once, and a flat rate at the database. */
class BulkDeleteIT {
    private static final Path EXAMPLE = Path.of("conf", "examples", "bulk-delete");
    private static final String NAMESPACE = "live-origin";
    private static final int BATCH = 500;
    private static final int AT_ONCE = 4;
    private static final int SPARED = 10;
    private static final int SAMPLE = 5_000;

    @TempDir
    Path directory;

    @Test
    @Timeout(600)
    void everyRowGoesAndNoSecondHasMoreThanItsShare() throws Exception {
        int rows = Soak.choose(5_000, 100_000);
        int seconds = Soak.choose(6, 60);
        CassandraServer server = CassandraServer.shared();
        try (CqlSession direct = connect(server);
                ForelogProcess service = ForelogProcess.in(directory)
                        .settings(Files.readString(EXAMPLE.resolve("forelog.yaml")))
                        .namespace(
                                NAMESPACE,
                                Files.readString(EXAMPLE.resolve("namespaces/" + NAMESPACE + ".yaml"))
                                        .replace("127.0.0.1:9042", server.contactPoint()))
                        .start()) {
            fill(direct, rows + SPARED);
            assertThat(count(direct)).isEqualTo(rows + SPARED);

            List<String> ids = write(service, rows, Duration.ofSeconds(seconds));

            var audit = service.audit(NAMESPACE).awaitSettled(Duration.ofSeconds(seconds + 120));
            assertThat(audit.accepted()).isEqualTo(rows);
            assertThat(audit.delivered()).as("none is lost, none is dead").isEqualTo(rows);
            assertThat(count(direct)).as("what nobody deleted is there").isEqualTo(SPARED);
            assertFlat(appliedBySecond(service, sample(ids)), Math.min(rows, SAMPLE), seconds);
            direct.execute("DROP KEYSPACE live_origin");
        }
    }

    private static CqlSession connect(CassandraServer server) {
        CqlSession session = server.session().build();
        session.execute("CREATE KEYSPACE live_origin"
                + " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
        session.execute("CREATE TABLE live_origin.segments (id text PRIMARY KEY, body blob)");
        return session;
    }

    private static void fill(CqlSession direct, int rows) {
        PreparedStatement insert =
                direct.prepare("INSERT INTO live_origin.segments (id, body) VALUES (?, textAsBlob('segment'))");
        List<CompletionStage<AsyncResultSet>> answers = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            answers.add(direct.executeAsync(insert.bind("segment-" + i)));
            if (answers.size() == BATCH || i == rows - 1) {
                answers.forEach(answer -> answer.toCompletableFuture().join());
                answers.clear();
            }
        }
    }

    private static long count(CqlSession direct) {
        long count = 0;
        for (var row : direct.execute("SELECT id FROM live_origin.segments")) { // pages: a count would take too long
            assertThat(row.getString(0)).startsWith("segment-");
            count++;
        }
        return count;
    }

    /** Until all are TRUE: what is shed, and is in no queue, is written again. Answers the entries' ids. */
    private static List<String> write(ForelogProcess service, int rows, Duration jitter) {
        Vertx vertx = Vertx.vertx();
        try {
            WriteAheadLogGrpcClient log = WriteAheadLogGrpcClient.create(
                    GrpcClient.client(vertx),
                    SocketAddress.inetSocketAddress(service.ports().grpc(), "127.0.0.1"));
            List<String> ids = new ArrayList<>();
            ArrayDeque<Integer> left =
                    new ArrayDeque<>(IntStream.range(0, rows).boxed().toList());
            int refusals = 0;
            while (!left.isEmpty()) {
                List<List<Integer>> batches = new ArrayList<>();
                List<Future<List<WriteToLogResponse>>> answers = new ArrayList<>();
                for (int i = 0; i < AT_ONCE && !left.isEmpty(); i++) {
                    List<Integer> numbers = new ArrayList<>();
                    while (numbers.size() < BATCH && !left.isEmpty()) {
                        numbers.add(left.remove());
                    }
                    batches.add(numbers);
                    answers.add(log.writeBatch(batch(numbers, jitter)).map(answer -> answer.getOutcomesList()));
                }
                int before = ids.size();
                for (int i = 0; i < answers.size(); i++) {
                    List<WriteToLogResponse> outcomes = Await.result(answers.get(i));
                    for (int j = 0; j < outcomes.size(); j++) {
                        WriteToLogResponse outcome = outcomes.get(j);
                        assertThat(outcome.getDurable())
                                .as(outcome.getMessage())
                                .isNotEqualTo(Trilean.TRILEAN_UNKNOWN);
                        if (outcome.getDurable() == Trilean.TRILEAN_TRUE) {
                            ids.add(outcome.getEntryId());
                        } else {
                            left.add(batches.get(i).get(j));
                        }
                    }
                }
                refusals = ids.size() == before ? refusals + 1 : 0;
                assertThat(refusals).as("rounds in which all was refused").isLessThan(200);
                Await.pause(Duration.ofMillis(refusals > 0 ? 50 : 0));
            }
            return ids;
        } finally {
            Await.result(vertx.close());
        }
    }

    private static WriteBatchRequest batch(List<Integer> numbers, Duration jitter) {
        WriteBatchRequest.Builder batch = WriteBatchRequest.newBuilder();
        for (int i : numbers) {
            batch.addEntries(WriteToLogRequest.newBuilder()
                    .setNamespace(NAMESPACE)
                    .setLifecycle(Lifecycle.newBuilder().setJitter(LoadWriter.protobuf(jitter)))
                    .setTarget(Target.newBuilder()
                            .setKey(ByteString.copyFromUtf8("segment-" + i))
                            .setOperation(Operation.OPERATION_DELETE)));
        }
        return batch.build();
    }

    /** Evenly over all that was written: asking for a hundred thousand receipts takes longer than what they tell of. */
    private static List<String> sample(List<String> ids) {
        List<String> sample = new ArrayList<>();
        for (int i = 0; i < Math.min(ids.size(), SAMPLE); i++) {
            sample.add(ids.get((int) ((long) i * ids.size() / Math.min(ids.size(), SAMPLE))));
        }
        return sample;
    }

    /** When each was applied, by its receipt: one attempt each, so that this is what the database was asked. */
    private static Map<Long, Integer> appliedBySecond(ForelogProcess service, List<String> ids) {
        Map<Long, Integer> bySecond = new TreeMap<>();
        for (String id : ids) {
            JsonObject target = service.admin()
                    .get("/admin/v1/namespaces/" + NAMESPACE + "/entries/" + id)
                    .json()
                    .getJsonArray("targets")
                    .getJsonObject(0);
            assertThat(target.getString("state")).isEqualTo("DELIVERED");
            assertThat(target.getInteger("attempts")).isEqualTo(1);
            bySecond.merge(Instant.parse(target.getString("ended")).getEpochSecond(), 1, Integer::sum);
        }
        return bySecond;
    }

    private static void assertFlat(Map<Long, Integer> bySecond, int asked, int seconds) {
        int mean = asked / seconds;
        int most = bySecond.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        Soak.tell("deletions by second, of %,d over %d s: %s", asked, seconds, bySecond.values());
        assertThat(bySecond.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(asked);
        assertThat(most)
                .as("most of one second, of a mean of %d: %s", mean, bySecond)
                .isLessThan(3 * mean);
        assertThat(bySecond).as("seconds in which there were some").hasSizeGreaterThan(seconds / 2);
    }
}
