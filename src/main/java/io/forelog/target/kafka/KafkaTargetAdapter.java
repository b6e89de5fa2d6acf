package io.forelog.target.kafka;

import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.forelog.target.TargetAdapter;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * Hands a batch to the producer on the target's one worker thread and comes home once, when the last record is confirmed.
 * Called on the context it was opened on; bounded by the writer's requests in flight and by the producer's buffer.
 */
final class KafkaTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 1_000;
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

    private final Context home;
    private final WorkerExecutor worker;
    private final TopicProducer producer;
    private final NetClient prober;
    private final List<SocketAddress> brokers;

    KafkaTargetAdapter(
            Context home,
            WorkerExecutor worker,
            TopicProducer producer,
            NetClient prober,
            List<SocketAddress> brokers) {
        this.home = home;
        this.worker = worker;
        this.producer = producer;
        this.prober = prober;
        this.brokers = brokers;
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        Submission submission = new Submission(home, batch.size());
        worker.executeBlocking(
                        () -> {
                            producer.send(batch, submission);
                            return null;
                        },
                        true)
                .onFailure(failure -> submission.endRest(SendOutcomes.of(failure)));
        return submission.future();
    }

    /** Whether one of the configured brokers takes a connection. */
    @Override
    public Future<Void> probe() {
        Future<Void> answer = Future.failedFuture("no broker");
        for (SocketAddress broker : brokers) {
            answer = answer.recover(none -> prober.connect(broker).compose(socket -> socket.close()));
        }
        return answer;
    }

    @Override
    public Future<Void> close() {
        Future<Void> closed = worker.executeBlocking(
                () -> {
                    producer.close(CLOSE_LIMIT);
                    return null;
                },
                true);
        return closed.eventually(worker::close).eventually(prober::close);
    }
}
