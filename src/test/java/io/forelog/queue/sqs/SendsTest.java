package io.forelog.queue.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Durable;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResultEntry;
import software.amazon.awssdk.services.sqs.model.SqsException;

/** How batches are filled and what bounds them, against a client whose answers the test gives by hand. */
class SendsTest {
    private final Vertx vertx = Vertx.vertx();
    private final ContextInternal home = ((VertxInternal) vertx).createEventLoopContext();
    private final HandClient client = new HandClient();

    @AfterEach
    void close() throws Exception {
        await(vertx.close());
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    /** On the home, with all that it has set off there. */
    private <T> T there(Supplier<T> what) throws Exception {
        CompletableFuture<T> done = new CompletableFuture<>();
        home.runOnContext(run -> {
            T value = what.get();
            home.runOnContext(pumped -> home.runOnContext(settled -> done.complete(value)));
        });
        return done.get(20, TimeUnit.SECONDS);
    }

    private Sends sends(boolean fifo, Map<String, Object> more) {
        Map<String, Object> settings = new java.util.HashMap<>(Map.of("endpoint", "http://127.0.0.1:1"));
        settings.putAll(more);
        SqsSettings own = SqsSettings.of(settings);
        return new Sends(
                new SqsCalls(
                        client, home, new Reach("test"), own.requestLimit(), new SqsClock(Ticker.anchored(), "node")),
                "url",
                fifo,
                own.messageBytes(),
                own,
                filled -> {});
    }

    private List<Future<Sent>> send(Sends sends, int count, String body, String group) throws Exception {
        return there(() -> {
            List<Future<Sent>> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                all.add(sends.send(body, Map.of(), 0, group));
            }
            return all;
        });
    }

    private static Throwable failed(int status) {
        return SqsException.builder().statusCode(status).build();
    }

    /** Answers nothing by itself. */
    private static final class HandClient implements SqsAsyncClient {
        final List<SendMessageBatchRequest> requests = new ArrayList<>();
        final List<CompletableFuture<SendMessageBatchResponse>> answers = new ArrayList<>();

        @Override
        public CompletableFuture<SendMessageBatchResponse> sendMessageBatch(SendMessageBatchRequest request) {
            CompletableFuture<SendMessageBatchResponse> answer = new CompletableFuture<>();
            requests.add(request);
            answers.add(answer);
            return answer;
        }

        List<Integer> sizes() {
            return requests.stream().map(request -> request.entries().size()).toList();
        }

        void confirm(int number) {
            List<SendMessageBatchResultEntry> confirmed = new ArrayList<>();
            for (SendMessageBatchRequestEntry each : requests.get(number).entries()) {
                confirmed.add(
                        SendMessageBatchResultEntry.builder().id(each.id()).build());
            }
            answers.get(number)
                    .complete(SendMessageBatchResponse.builder()
                            .successful(confirmed)
                            .build());
        }

        void fail(int number, Throwable cause) {
            answers.get(number).completeExceptionally(cause);
        }

        @Override
        public String serviceName() {
            return "sqs";
        }

        @Override
        public void close() {
            // nothing to close
        }
    }

    @Test
    void oneWriteLeavesAtOnceAndManyFillBatches() throws Exception {
        Sends sends = sends(false, Map.of());
        send(sends, 1, "a", "");
        assertThat(client.sizes()).containsExactly(1);
        send(sends, 25, "a", "");
        assertThat(client.sizes()).containsExactly(1, 10, 10, 5);
        send(sends, 5, "a", "");
        assertThat(client.sizes())
                .as("four are under way: a fifth leaves only full")
                .hasSize(4);
        send(sends, 5, "a", "");
        assertThat(client.sizes()).containsExactly(1, 10, 10, 5, 10);
    }

    @Test
    void batchesUnderWayAreBoundedAndTheRestGoesWhenOneComesBack() throws Exception {
        Sends sends = sends(false, Map.of("sending", 2));
        List<Future<Sent>> all = send(sends, 35, "a", "");
        assertThat(client.sizes()).containsExactly(10, 10);
        there(() -> {
            client.confirm(0);
            return null;
        });
        assertThat(client.sizes()).containsExactly(10, 10, 10);
        assertThat(all.stream().filter(Future::isComplete)).hasSize(10);
        assertThat(await(all.get(0)).durable()).isEqualTo(Durable.TRUE);
    }

    @Test
    void aBatchIsNoLargerThanAMessageMayBe() throws Exception {
        Sends sends = sends(false, Map.of("message_bytes", 10_000));
        send(sends, 5, "x".repeat(4_000), "");
        assertThat(client.sizes()).containsExactly(2, 2, 1);
    }

    @Test
    void whatIsOverTheBoundIsRefused() throws Exception {
        Sends sends = sends(false, Map.of("sending", 1, "pending_entries", 15));
        List<Future<Sent>> all = send(sends, 16, "a", "");
        assertThat(await(all.get(15)))
                .extracting(Sent::durable, Sent::code)
                .containsExactly(Durable.FALSE, ErrorCode.OVERLOADED);
    }

    @Test
    void whatTheAnswerLeavesOutIsUnknownAndAFailureIsAllTheirs() throws Exception {
        Sends sends = sends(false, Map.of());
        List<Future<Sent>> first = send(sends, 2, "a", "");
        List<Future<Sent>> second = send(sends, 2, "a", "");
        there(() -> {
            client.answers
                    .get(0)
                    .complete(SendMessageBatchResponse.builder()
                            .successful(SendMessageBatchResultEntry.builder()
                                    .id("0")
                                    .build())
                            .build());
            client.fail(1, failed(503));
            return null;
        });
        assertThat(client.requests).as("an answer is not asked for again").hasSize(2);
        assertThat(await(first.get(0)).durable()).isEqualTo(Durable.TRUE);
        assertThat(await(first.get(1)).durable()).isEqualTo(Durable.UNKNOWN);
        assertThat(await(second.get(0)).durable()).isEqualTo(Durable.UNKNOWN);
        assertThat(await(second.get(1)).durable()).isEqualTo(Durable.UNKNOWN);
    }

    @Test
    void whatIsNotAnsweredIsSentOnceMoreAndOnlyAConfirmationMakesItTrue() throws Exception {
        Sends sends = sends(false, Map.of());
        List<Future<Sent>> all = send(sends, 3, "a", "");
        there(() -> {
            client.fail(0, new java.io.IOException("reset"));
            return null;
        });
        assertThat(client.sizes()).containsExactly(3, 3);
        assertThat(all).noneMatch(Future::isComplete);
        there(() -> {
            client.answers
                    .get(1)
                    .complete(SendMessageBatchResponse.builder()
                            .successful(SendMessageBatchResultEntry.builder()
                                    .id("0")
                                    .build())
                            .failed(BatchResultErrorEntry.builder()
                                    .id("1")
                                    .senderFault(true)
                                    .code("InvalidMessageContents")
                                    .build())
                            .build());
            return null;
        });
        assertThat(await(all.get(0)).durable()).isEqualTo(Durable.TRUE);
        assertThat(await(all.get(1)))
                .as("refused now, and perhaps taken before")
                .extracting(Sent::durable, Sent::text)
                .containsExactly(Durable.UNKNOWN, "SQS: reset");
        assertThat(await(all.get(2)).durable()).isEqualTo(Durable.UNKNOWN);
    }

    @Test
    void whatFailsTwiceIsUnknownEvenIfTheSecondTryNeverConnected() throws Exception {
        Sends sends = sends(false, Map.of("sending", 1));
        List<Future<Sent>> all = send(sends, 11, "a", "");
        there(() -> {
            client.fail(0, new java.io.IOException("reset"));
            return null;
        });
        there(() -> {
            client.fail(1, new java.net.ConnectException("refused"));
            return null;
        });
        assertThat(await(all.get(0)).durable()).isEqualTo(Durable.UNKNOWN);
        assertThat(client.sizes()).as("and the next has its turn").containsExactly(10, 10, 1);
    }

    @Test
    void whatNeverConnectedIsRefusedAtOnceAndAClosedWayTriesNothingAgain() throws Exception {
        Sends sends = sends(false, Map.of("sending", 2));
        List<Future<Sent>> all = send(sends, 20, "a", "");
        there(() -> {
            client.fail(0, new java.net.ConnectException("refused"));
            sends.close();
            client.fail(1, new java.io.IOException("reset"));
            return null;
        });
        assertThat(await(all.get(0)).durable()).isEqualTo(Durable.FALSE);
        assertThat(await(all.get(19)).durable()).isEqualTo(Durable.UNKNOWN);
        assertThat(client.requests).hasSize(2);
    }

    @Test
    void theSecondTryOfAFifoQueueHasTheSameDeduplicationIdsAndHoldsItsGroups() throws Exception {
        Sends sends = sends(true, Map.of());
        send(sends, 1, "k1", "k");
        send(sends, 1, "k2", "k");
        there(() -> {
            client.fail(0, new java.io.IOException("reset"));
            return null;
        });
        assertThat(client.requests).hasSize(2);
        assertThat(client.requests.get(1).entries())
                .isEqualTo(client.requests.get(0).entries());
        there(() -> {
            client.confirm(1);
            return null;
        });
        assertThat(client.requests.get(2).entries().get(0).messageBody()).isEqualTo("k2");
    }

    @Test
    void ofAGroupOneBatchIsUnderWayAndOthersPassIt() throws Exception {
        Sends sends = sends(true, Map.of());
        send(sends, 1, "k1", "k");
        send(sends, 1, "k2", "k");
        send(sends, 1, "other", "o");
        assertThat(client.requests.stream()
                        .map(request -> request.entries().get(0).messageBody()))
                .containsExactly("k1", "other");
        there(() -> {
            client.confirm(0);
            return null;
        });
        assertThat(client.requests.get(2).entries().get(0).messageBody()).isEqualTo("k2");
    }

    @Test
    void aClosedWayRefusesWhatItHasNotHandedOver() throws Exception {
        Sends sends = sends(false, Map.of("sending", 1));
        List<Future<Sent>> all = send(sends, 20, "a", "");
        there(() -> {
            sends.close();
            return null;
        });
        assertThat(all.get(0).isComplete()).as("it is on its way").isFalse();
        assertThat(await(all.get(19)).durable()).isEqualTo(Durable.FALSE);
    }
}
