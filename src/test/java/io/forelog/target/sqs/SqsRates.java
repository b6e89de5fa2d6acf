package io.forelog.target.sqs;

import io.forelog.model.Delivery;
import io.forelog.model.Operation;
import io.forelog.rig.backend.ElasticMq;
import io.forelog.target.Deliveries;
import io.forelog.target.DeliveryRates;
import io.forelog.target.Rates;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

/**
 * Measures the sqs target beside a tight loop of the SDK's asynchronous client: SendMessageBatch of ten messages of 1 KiB, eight at once. ElasticMQ keeps
 * them in files and is the slower half by far. The loop sends the messages that the target makes, with their attributes, made once; and in a second
 * comparison bodies without attributes. A main, not a test: figures are ratios of one run.
 */
public final class SqsRates {
    private static final int AT_ONCE = 8;
    private static final int BATCH = SqsTargetAdapter.BATCH_MAX;

    private SqsRates() {}

    public static void main(String[] args) throws Exception {
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        ElasticMq server = ElasticMq.start(Files.createTempDirectory("rates-sqs"));
        Path secret = Files.writeString(Files.createTempFile("rates", "secret"), "x\n");
        Map<String, Object> config = Map.of(
                "queue",
                "rates",
                "endpoint",
                server.endpoint().toString(),
                "region",
                "eu-west-1",
                "access_key",
                "file:" + secret,
                "secret_key",
                "file:" + secret);
        SqsConnection direct = SqsConnection.open(
                new SqsConnection.Access(server.endpoint().toString(), "eu-west-1", false, "x", "x", ""),
                Duration.ofSeconds(20));
        String url = direct.client()
                .createQueue(request -> request.queueName("rates"))
                .join()
                .queueUrl();
        try (WriterRig rig = new WriterRig(Files.createTempDirectory("rates"))) {
            rig.deploy("sqs", config, new TargetSpec.Limit(AT_ONCE, 0, Duration.ofSeconds(20), BATCH));
            for (boolean whole : new boolean[] {true, false}) {
                List<SendMessageBatchRequestEntry> messages = messages(whole);
                Rates.compare(
                        whole ? "sqs, the same messages" : "sqs, bodies without attributes",
                        seconds,
                        () -> emptied(direct.client(), url, bare(direct.client(), url, messages, seconds)),
                        () -> emptied(
                                direct.client(), url, DeliveryRates.loop(seconds, 2 * AT_ONCE, BATCH, rig::send)));
            }
        } finally {
            direct.close();
            server.close();
        }
        System.exit(0);
    }

    /** The server slows down by what lies in it. */
    private static double emptied(SqsAsyncClient client, String url, double rate) {
        client.purgeQueue(request -> request.queueUrl(url)).join();
        return rate;
    }

    private static List<SendMessageBatchRequestEntry> messages(boolean whole) {
        List<SendMessageBatchRequestEntry> messages = new ArrayList<>(BATCH);
        for (int i = 0; i < BATCH; i++) {
            Delivery delivery = Deliveries.of(
                    i,
                    Deliveries.entry(
                            Buffer.buffer("key-" + i),
                            Operation.PUT,
                            Map.of(),
                            Map.of("content-type", "application/octet-stream"),
                            Buffer.buffer(new byte[1024])));
            SendMessageBatchRequestEntry message = MessageForm.message(delivery, Integer.toString(i), false);
            messages.add(
                    whole
                            ? message
                            : SendMessageBatchRequestEntry.builder()
                                    .id(message.id())
                                    .messageBody(message.messageBody())
                                    .build());
        }
        return messages;
    }

    private static double bare(
            SqsAsyncClient client, String url, List<SendMessageBatchRequestEntry> messages, int seconds)
            throws InterruptedException {
        Semaphore room = new Semaphore(AT_ONCE);
        AtomicInteger applied = new AtomicInteger();
        long until = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        while (System.nanoTime() < until) {
            room.acquire();
            client.sendMessageBatch(request -> request.queueUrl(url).entries(messages))
                    .whenComplete((answer, failure) -> {
                        applied.addAndGet(failure == null ? answer.successful().size() : 0);
                        room.release();
                    });
        }
        room.acquire(AT_ONCE);
        return applied.get() / (double) seconds;
    }
}
