package io.forelog.target.cassandra;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One batch on its way: a statement a delivery, all of them without waiting for an answer, each with its own outcome. What has none
 * when the time is over is retried. Owned by the adapter's context.
 */
final class Submission {
    private final Vertx vertx;
    private final Link link;
    private final Map<Operation, Statement> statements;
    private final List<Delivery> batch;
    private final Promise<List<Outcome>> promise = Promise.promise();
    private final @Nullable Outcome[] outcomes;
    private final long nowMicros;
    private final long timer;
    private int left;
    private boolean ended;

    /** @param nowMicros when the batch came, by which the time left of an item is counted */
    Submission(
            Vertx vertx,
            Link link,
            Map<Operation, Statement> statements,
            List<Delivery> batch,
            long timeoutMillis,
            long nowMicros) {
        this.vertx = vertx;
        this.link = link;
        this.statements = statements;
        this.batch = batch;
        this.outcomes = new @Nullable Outcome[batch.size()];
        this.left = batch.size();
        this.nowMicros = nowMicros;
        this.timer = vertx.setTimer(timeoutMillis, id -> late());
    }

    Future<List<Outcome>> future() {
        return promise.future();
    }

    boolean isEnded() {
        return ended;
    }

    /** What is prepared goes out at once. */
    Submission begin() {
        Map<Operation, Future<Prepared>> wanted = new EnumMap<>(Operation.class);
        for (Delivery delivery : batch) {
            Operation operation = delivery.entry().operation();
            Statement statement = statements.get(operation);
            if (statement != null && !wanted.containsKey(operation)) {
                wanted.put(operation, link.prepare(statement));
                Statement deletion = statement.ofTable() ? statements.get(Operation.DELETE) : null;
                if (deletion != null && !wanted.containsKey(Operation.DELETE)) {
                    wanted.put(Operation.DELETE, link.prepare(deletion));
                }
            }
        }
        Future.join(List.copyOf(wanted.values())).onComplete(done -> send(wanted));
        return this;
    }

    private void send(Map<Operation, Future<Prepared>> prepared) {
        for (int i = 0; i < outcomes.length && !ended; i++) {
            Operation operation = batch.get(i).entry().operation();
            Future<Prepared> by = prepared.get(operation);
            if (by == null) {
                settle(i, CqlOutcomes.of(noStatement(operation)));
            } else if (by.failed()) {
                settle(i, CqlOutcomes.ofPreparing(by.cause()));
            } else {
                send(i, by.result(), prepared);
            }
        }
        if (outcomes.length == 0) {
            end();
        }
    }

    private void send(int index, Prepared by, Map<Operation, Future<Prepared>> prepared) {
        Delivery delivery = batch.get(index);
        try {
            Integer seconds = by.ttlSeconds(delivery, nowMicros);
            boolean over = seconds != null && seconds == 0;
            Future<Prepared> deletion = over && by.statement().ofTable() ? prepared.get(Operation.DELETE) : null;
            if (deletion != null && deletion.failed()) {
                settle(index, CqlOutcomes.ofPreparing(deletion.cause()));
                return;
            }
            Prepared chosen = deletion == null ? by : deletion.result();
            link.send(new Sent(link, this, index, chosen.bind(delivery, over ? Integer.valueOf(1) : seconds)));
        } catch (WalException e) {
            settle(index, CqlOutcomes.of(e));
        }
    }

    private static WalException noStatement(Operation operation) {
        String name = operation.name().toLowerCase(Locale.ROOT);
        return new WalException(
                ErrorCode.TARGET_REJECTED, "operation " + operation + ": no statement (expected: cql." + name + ")");
    }

    /** {@code failure} null = done. */
    void answered(Sent statement, @Nullable Throwable failure) {
        if (!ended) {
            settle(statement.index, failure == null ? Outcome.applied() : CqlOutcomes.of(failure));
        }
    }

    private void settle(int index, Outcome outcome) {
        outcomes[index] = outcome;
        left--;
        if (left == 0) {
            end();
        }
    }

    /** The driver gives up what it has sent by itself. */
    private void late() {
        Outcome outcome = Outcome.retry(ErrorCode.TARGET_TIMEOUT, "no answer in time", Duration.ZERO);
        for (int i = 0; i < outcomes.length; i++) {
            if (outcomes[i] == null) {
                outcomes[i] = outcome;
            }
        }
        end();
    }

    private void end() {
        if (!ended) {
            ended = true;
            vertx.cancelTimer(timer);
            promise.complete(Arrays.asList(outcomes));
        }
    }
}
