package io.forelog.target.redis;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.target.KeyTemplate;
import io.forelog.target.TargetAdapter;
import io.vertx.core.Future;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Request;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A command a delivery, those of a batch in one write, each with its own outcome. A script that the server does not know goes out
 * again with its text. Used on the context it was opened on; bounded by the link.
 */
final class RedisTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 256;

    private final RedisLink link;
    private final KeyTemplate key;
    private final String destination;
    private final Commands commands;
    private final Ticker ticker;

    /** {@code destination}: of an entry that names none. */
    RedisTargetAdapter(RedisLink link, KeyTemplate key, String destination, Commands commands, Ticker ticker) {
        this.link = link;
        this.key = key;
        this.destination = destination;
        this.commands = commands;
        this.ticker = ticker;
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        @Nullable Outcome[] outcomes = new @Nullable Outcome[batch.size()];
        List<Integer> all = new ArrayList<>(batch.size());
        for (int index = 0; index < outcomes.length; index++) {
            all.add(index);
        }
        return send(batch, all, outcomes, false)
                .compose(unknown ->
                        unknown.isEmpty() ? Future.succeededFuture(unknown) : send(batch, unknown, outcomes, true))
                .map(done -> Arrays.asList(outcomes));
    }

    /**
     * Gives each its outcome. Never fails.
     *
     * @param whole the first goes out with its script, after which the server knows it for the others
     * @return those whose script the server did not know
     */
    private Future<List<Integer>> send(
            List<Delivery> batch, List<Integer> indexes, @Nullable Outcome[] outcomes, boolean whole) {
        List<Request> requests = new ArrayList<>(indexes.size());
        List<Integer> sent = new ArrayList<>(indexes.size());
        long now = ticker.millis();
        for (int index : indexes) {
            Delivery delivery = batch.get(index);
            Entry entry = delivery.entry();
            try {
                byte[] name = key.of(entry, entry.destination().isEmpty() ? destination : entry.destination());
                requests.add(commands.of(entry, delivery.attempt(), name, now, whole && sent.isEmpty()));
                sent.add(index);
            } catch (WalException e) {
                outcomes[index] = Outcome.rejected(ErrorCode.TARGET_REJECTED, String.valueOf(e.getMessage()), false);
            }
        }
        if (sent.isEmpty()) {
            return Future.succeededFuture(List.of());
        }
        return link.batch(requests)
                .map(answers -> {
                    sent.forEach(index -> outcomes[index] = Outcome.applied());
                    return List.<Integer>of();
                })
                .recover(failure -> Future.succeededFuture(failed(failure, sent, outcomes)));
    }

    private List<Integer> failed(Throwable failure, List<Integer> sent, @Nullable Outcome[] outcomes) {
        @Nullable String @Nullable [] errors = RedisOutcomes.errors(failure, sent.size());
        if (errors == null) {
            Outcome all = RedisOutcomes.of(failure);
            sent.forEach(index -> outcomes[index] = all);
            return List.of();
        }
        List<Integer> unknown = new ArrayList<>();
        boolean moved = false;
        for (int i = 0; i < errors.length; i++) {
            String error = errors[i];
            outcomes[sent.get(i)] = error == null ? Outcome.applied() : RedisOutcomes.of(error);
            String code = error == null ? "" : RedisOutcomes.code(error);
            moved |= code.equals(RedisOutcomes.READONLY);
            if (code.equals(RedisOutcomes.NOSCRIPT)) {
                unknown.add(sent.get(i));
            }
        }
        if (moved) {
            link.renew(); // the name may lead to another server by now
        }
        return unknown;
    }

    /** Any answer will do that would not be the same for every entry. */
    @Override
    public Future<Void> probe() {
        return link.batch(List.of(Request.cmd(Command.PING))).<Void>mapEmpty().recover(failure -> {
            @Nullable String @Nullable [] errors = RedisOutcomes.errors(failure, 1);
            Outcome outcome =
                    errors == null || errors[0] == null ? RedisOutcomes.of(failure) : RedisOutcomes.of(errors[0]);
            return outcome.kind() == Outcome.Kind.REJECTED ? Future.succeededFuture() : Future.failedFuture(failure);
        });
    }

    @Override
    public Future<Void> close() {
        return link.close();
    }
}
