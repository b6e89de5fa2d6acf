package io.forelog.target.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.backend.ElasticMq;
import io.forelog.target.Deliveries;
import io.forelog.target.FrozenPhase;
import io.forelog.target.KilledPhase;
import io.forelog.target.SlowPhase;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

@Timeout(180)
class SqsTargetIT {
    @TempDir
    Path data;

    private final ElasticMq server = ElasticMq.shared();
    private SqsConnection direct;
    private WriterRig rig;

    @BeforeEach
    void start() {
        direct = SqsConnection.open(
                new SqsConnection.Access(server.endpoint().toString(), "", true, "", "", ""), Duration.ofSeconds(20));
        rig = new WriterRig(data);
    }

    @AfterEach
    void stop() {
        rig.close();
        direct.close();
    }

    private void open(String queue, Map<String, Object> more, Duration timeout) throws Exception {
        open(queue, more, new TargetSpec.Limit(4, 0, timeout, 0));
    }

    private void open(String queue, Map<String, Object> more, TargetSpec.Limit limit) throws Exception {
        Path secret = Files.writeString(data.resolve("secret"), "x\n");
        Map<String, Object> config = new HashMap<>(Map.of(
                "queue",
                queue,
                "endpoint",
                server.endpoint().toString(),
                "region",
                "eu-west-1",
                "access_key",
                "file:" + secret,
                "secret_key",
                "file:" + secret));
        config.putAll(more);
        rig.deploy("sqs", config, limit);
    }

    private void create(String name) {
        Map<QueueAttributeName, String> attributes =
                name.endsWith(".fifo") ? Map.of(QueueAttributeName.FIFO_QUEUE, "true") : Map.of();
        direct.client()
                .createQueue(request -> request.queueName(name).attributes(attributes))
                .join();
    }

    /** Takes until {@code count} are there. */
    private List<Message> receive(String name, int count) {
        String url = direct.client()
                .getQueueUrl(request -> request.queueName(name))
                .join()
                .queueUrl();
        List<Message> all = new ArrayList<>();
        Await.until(count + " messages are in " + name, Duration.ofSeconds(30), () -> {
            all.addAll(direct.client()
                    .receiveMessage(request -> request.queueUrl(url)
                            .maxNumberOfMessages(10)
                            .messageAttributeNames("All")
                            .messageSystemAttributeNames(MessageSystemAttributeName.ALL))
                    .join()
                    .messages());
            return all.size() >= count;
        });
        return all;
    }

    /** That of each of {@link Deliveries#many}, some twice perhaps. */
    private void assertBodies(String name, int count) {
        Set<String> bodies = new HashSet<>();
        Await.until(count + " bodies are in " + name, Duration.ofSeconds(60), () -> {
            receive(name, 1).forEach(found -> bodies.add(found.body()));
            return bodies.size() >= count;
        });
        assertThat(bodies).hasSize(count).contains("payload 0", "payload " + (count - 1));
    }

    private static String attribute(Message message, String name) {
        var value = message.messageAttributes().get(name);
        return value == null ? "" : value.stringValue();
    }

    @Test
    void carriesTextAsItIsAndAllElseInBase64() throws Exception {
        create("target-carries");
        open("target-{destination}", Map.of("destination", "carries"), Duration.ofSeconds(20));
        byte[] octets = {0, (byte) 0xFF, 7};
        var text = Deliveries.entry(
                Buffer.buffer("k1"),
                Operation.PUT,
                Map.of(),
                Map.of("traceparent", "00-1-2-01", "content-type", "text/plain", "x-a", "1", "cookie", "no"),
                Buffer.buffer("grüße"));
        var binary =
                Deliveries.entry(Buffer.buffer(octets), Operation.DELETE, Map.of(), Map.of(), Buffer.buffer(octets));
        assertThat(rig.deliver(List.of(Deliveries.of(0, text), Deliveries.of(1, binary))))
                .containsOnly(Outcome.applied());

        Map<String, Message> byId = new HashMap<>();
        receive("target-carries", 2).forEach(found -> byId.put(attribute(found, "forelog-entry-id"), found));
        Message first = byId.get(text.id().toString());
        assertThat(first.body()).isEqualTo("grüße");
        assertThat(attribute(first, "forelog-encoding")).isEmpty();
        assertThat(attribute(first, "forelog-key")).isEqualTo("k1");
        assertThat(attribute(first, "forelog-namespace")).isEqualTo("shop");
        assertThat(attribute(first, "forelog-attempt")).isEqualTo("1");
        assertThat(attribute(first, "traceparent")).isEqualTo("00-1-2-01");
        assertThat(attribute(first, "forelog-headers"))
                .contains("\"content-type\":\"text/plain\"", "\"x-a\":\"1\"")
                .doesNotContain("cookie");
        Message second = byId.get(binary.id().toString());
        assertThat(attribute(second, "forelog-encoding")).isEqualTo("base64");
        assertThat(Base64.getDecoder().decode(second.body())).isEqualTo(octets);
        assertThat(Base64.getDecoder().decode(attribute(second, "forelog-key-base64")))
                .isEqualTo(octets);
        assertThat(attribute(second, "forelog-operation")).isEqualTo("DELETE");
    }

    /** SQS, and the server here, take no body without a character. */
    @Test
    void whatHasNoPayloadIsSentWithABodyOfOneCharacter() throws Exception {
        create("target-empty");
        open("target-empty", Map.of(), Duration.ofSeconds(20));
        var deletion = Deliveries.entry(Buffer.buffer("k1"), Operation.DELETE, Map.of(), Map.of(), Buffer.buffer());
        assertThat(rig.deliver(Deliveries.of(0, deletion))).isEqualTo(Outcome.applied());
        Message received = receive("target-empty", 1).get(0);
        assertThat(received.body()).hasSize(1);
        assertThat(attribute(received, "forelog-encoding")).isEqualTo("empty");
        assertThat(attribute(received, "forelog-operation")).isEqualTo("DELETE");
    }

    @Test
    void aMessageThatIsTooLargeStopsNothingButItself() throws Exception {
        create("target-large");
        open("target-large", Map.of(), Duration.ofSeconds(20));
        List<Delivery> batch = new ArrayList<>(Deliveries.many(25));
        batch.set(3, Deliveries.of(3, "large", "x".repeat((1 << 20) + 1)));
        List<Outcome> outcomes = new ArrayList<>(rig.deliver(batch));
        assertThat(outcomes.remove(3))
                .isInstanceOfSatisfying(
                        Outcome.Rejected.class,
                        rejected -> assertThat(rejected.storm()).isFalse());
        assertThat(outcomes).hasSize(24).containsOnly(Outcome.applied());
        assertThat(receive("target-large", 24)).hasSize(24);
    }

    @Test
    void aMissingQueueIsAnErrorOfTheRouteAndServesOnceItIsThere() throws Exception {
        open("target-missing", Map.of(), Duration.ofSeconds(20));
        assertThat(rig.deliver(Deliveries.of(0, "k", "v")))
                .isInstanceOfSatisfying(
                        Outcome.Rejected.class,
                        rejected -> assertThat(rejected.storm()).isTrue());
        create("target-missing");
        assertThat(rig.deliver(Deliveries.of(1, "k", "v"))).isEqualTo(Outcome.applied());
    }

    @Test
    void aFifoQueueKeepsTheOrderOfAKeyAndTakesARepetitionOnce() throws Exception {
        create("target-order.fifo");
        open("target-order.fifo", Map.of(), Duration.ofSeconds(20));
        List<Delivery> deliveries = IntStream.range(0, 8)
                .mapToObj(i -> Deliveries.of(i, "one key", "n" + i))
                .toList();
        for (Delivery delivery : deliveries) {
            assertThat(rig.deliver(delivery)).isEqualTo(Outcome.applied());
            assertThat(rig.deliver(delivery)).isEqualTo(Outcome.applied());
        }
        List<Message> received = receive("target-order.fifo", 8);
        assertThat(received).extracting(Message::body).containsExactly("n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7");
        assertThat(received.get(0).attributes())
                .containsEntry(
                        MessageSystemAttributeName.MESSAGE_DEDUPLICATION_ID,
                        deliveries.get(0).entry().id().toString());
        assertThat(received.get(0).attributes().get(MessageSystemAttributeName.MESSAGE_GROUP_ID))
                .startsWith("sha256-");
    }

    @Test
    void aServerThatIsKilledUnderLoadLosesNothing() throws Exception {
        create("target-down");
        open("target-down", Map.of(), Duration.ofSeconds(4));
        int count = KilledPhase.survives(rig, server::kill, server::start);
        assertBodies("target-down", count);
    }

    @Test
    void aSlowServerHasFewerRequestsAndLosesNothing() throws Exception {
        create("target-slow");
        try (TcpProxy proxy = new TcpProxy(server.port())) {
            open("target-slow", Map.of("endpoint", "http://127.0.0.1:" + proxy.port()), SlowPhase.LIMIT);
            int count = SlowPhase.survives(rig, proxy, Duration.ofMillis(100), 64);
            assertBodies("target-slow", count);
        }
    }

    @Test
    void aFrozenServerIsRetriedInTimeAndHoldsNoMoreThanTheLimit() throws Exception {
        create("target-frozen");
        open("target-frozen", Map.of(), Duration.ofSeconds(3));
        FrozenPhase.survives(rig, 4, server::freeze, server::thaw);
    }
}
