package io.forelog.target.postgres;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One batch on its way, over one connection: first as one transaction, and where a statement of it fails, each delivery
 * alone. In both forms all goes out without waiting for an answer. Owned by the adapter's context.
 *
 * <pre>
 * bind -> wait for a connection -> together -> all applied
 *                                     | a statement fails, and is rolled back
 *                                     v
 *                                   alone -> an outcome each
 * at any time: out of time, or the connection is lost -> retry for what has no outcome
 * </pre>
 */
final class Submission {
    private final Vertx vertx;
    private final Connections connections;
    private final Promise<List<Outcome>> promise = Promise.promise();
    private final @Nullable Outcome[] outcomes;
    private final @Nullable BoundValues[] values;
    private final @Nullable Statement[] statements;
    /** Of those that are sent, by key: batches that meet in the server then lock rows in the same order. */
    private final int[] order;

    private final @Nullable Promise<Connections.Line> borrowed;
    private final long timer;
    private Connections.@Nullable Line connection;
    private boolean ended;

    /** One statement for consecutive deliveries of the order. */
    private record Run(String sql, int[] members, List<Tuple> values) {}

    Submission(
            Vertx vertx,
            Connections connections,
            Map<Operation, Statement> byOperation,
            List<Delivery> batch,
            long timeoutMillis) {
        this.vertx = vertx;
        this.connections = connections;
        this.outcomes = new @Nullable Outcome[batch.size()];
        this.values = new @Nullable BoundValues[batch.size()];
        this.statements = new @Nullable Statement[batch.size()];
        this.order = bind(byOperation, batch);
        if (order.length == 0) {
            borrowed = null;
            timer = -1L;
            end();
            return;
        }
        timer = vertx.setTimer(timeoutMillis, id -> late());
        borrowed = connections.borrow();
        borrowed.future().onComplete(this::begin, this::failed);
    }

    Future<List<Outcome>> future() {
        return promise.future();
    }

    private int[] bind(Map<Operation, Statement> byOperation, List<Delivery> batch) {
        long[] byKey = new long[batch.size()];
        int count = 0;
        for (int i = 0; i < batch.size(); i++) {
            Delivery delivery = batch.get(i);
            Statement statement = byOperation.get(delivery.entry().operation());
            try {
                if (statement == null) {
                    throw noStatement(delivery.entry().operation());
                }
                values[i] = statement.bind(delivery);
                statements[i] = statement;
                byKey[count++] = (long) delivery.entry().key().hashCode() << 32 | i;
            } catch (WalException e) {
                outcomes[i] = SqlOutcomes.of(e);
            }
        }
        Arrays.sort(byKey, 0, count); // of one key, in the order of the batch
        int[] sorted = new int[count];
        for (int i = 0; i < count; i++) {
            sorted[i] = (int) byKey[i];
        }
        return sorted;
    }

    private static WalException noStatement(Operation operation) {
        String name = operation.name().toLowerCase(Locale.ROOT);
        return new WalException(
                ErrorCode.TARGET_REJECTED, "operation " + operation + ": no statement (expected: sql." + name + ")");
    }

    private void begin(Connections.Line lent) {
        if (ended) {
            connections.giveBack(lent);
            return;
        }
        connection = lent;
        if (order.length == 1) {
            alone(lent, order);
        } else {
            together(lent);
        }
    }

    private void together(Connections.Line on) {
        List<Run> runs = runs();
        List<Future<?>> answers = new ArrayList<>(runs.size() + 2);
        boolean several = runs.size() > 1; // one is a transaction by itself
        if (several) {
            answers.add(on.connection().query("BEGIN").execute());
        }
        runs.forEach(run -> answers.add(on.connection().preparedQuery(run.sql()).executeBatch(run.values())));
        if (several) {
            answers.add(on.connection().query("COMMIT").execute());
        }
        Future.join(answers).onComplete(done -> judge(on, runs, answers, several ? 1 : 0));
    }

    private List<Run> runs() {
        List<Run> runs = new ArrayList<>();
        for (int from = 0, to; from < order.length; from = to) {
            Statement statement = Objects.requireNonNull(statements[order[from]]);
            List<Tuple> tuples = new ArrayList<>();
            for (to = from; to < order.length && statement.equals(statements[order[to]]); to++) {
                tuples.add(Objects.requireNonNull(values[order[to]]));
            }
            runs.add(new Run(statement.sql(), Arrays.copyOfRange(order, from, to), tuples));
        }
        return runs;
    }

    /** COMMIT of what has failed is answered as well, and is a rollback. */
    private void judge(Connections.Line on, List<Run> runs, List<Future<?>> answers, int offset) {
        if (ended) {
            return;
        }
        boolean rolledBack = false;
        for (Future<?> answer : answers) {
            if (answer.failed() && SqlOutcomes.isOfTheServer(answer.cause())) {
                failed(answer.cause());
                return;
            }
            rolledBack |= answer.failed() && !SqlOutcomes.isRefusedByClient(answer.cause());
        }
        if (rolledBack) {
            alone(on, order);
            return;
        }
        int[] again = new int[order.length];
        int count = 0;
        for (int i = 0; i < runs.size(); i++) {
            boolean applied = answers.get(i + offset).succeeded();
            for (int member : runs.get(i).members()) {
                if (applied) {
                    outcomes[member] = Outcome.applied();
                } else {
                    again[count++] = member;
                }
            }
        }
        alone(on, Arrays.copyOf(again, count));
    }

    private void alone(Connections.Line on, int[] members) {
        List<Future<Void>> answers = new ArrayList<>(members.length);
        for (int member : members) {
            Statement statement = Objects.requireNonNull(statements[member]);
            BoundValues bound = Objects.requireNonNull(values[member]);
            answers.add(on.connection()
                    .preparedQuery(statement.sql())
                    .execute(bound)
                    .transform(answer -> {
                        if (!ended) {
                            outcomes[member] =
                                    answer.succeeded() ? Outcome.applied() : outcome(answer.cause(), bound.refusal());
                            return answer.failed() && SqlOutcomes.isOfTheServer(answer.cause())
                                    ? Future.failedFuture(answer.cause())
                                    : Future.succeededFuture();
                        }
                        return Future.succeededFuture();
                    }));
        }
        Future.join(answers).onComplete(done -> end(), this::failed);
    }

    private static Outcome outcome(Throwable failure, @Nullable String refusal) {
        return SqlOutcomes.isRefusedByClient(failure) && refusal != null
                ? SqlOutcomes.of(new WalException(ErrorCode.TARGET_REJECTED, refusal))
                : SqlOutcomes.of(failure);
    }

    private void failed(Throwable failure) {
        fail(SqlOutcomes.of(failure));
    }

    private void late() {
        fail(Outcome.retry(
                ErrorCode.TARGET_TIMEOUT,
                connection == null ? "no connection in time" : "no answer in time",
                Duration.ZERO));
    }

    /** What has no outcome gets this one, and the connection is of no more use. */
    private void fail(Outcome rest) {
        if (ended) {
            return;
        }
        for (int i = 0; i < outcomes.length; i++) {
            if (outcomes[i] == null) {
                outcomes[i] = rest;
            }
        }
        Connections.Line broken = connection;
        connection = null;
        end();
        if (broken != null) {
            connections.cut(broken);
        }
    }

    private void end() {
        if (ended) {
            return;
        }
        ended = true;
        vertx.cancelTimer(timer);
        if (borrowed != null && !borrowed.future().isComplete()) {
            connections.giveUp(borrowed);
        }
        Connections.Line used = connection;
        if (used != null) {
            connections.giveBack(used);
        }
        promise.complete(Arrays.asList(outcomes));
    }
}
