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
        int[] all = new int[outcomes.length];
        for (int index = 0; index < all.length; index++) {
            all[index] = index;
        }
        return send(batch, all, outcomes, false).map(done -> Arrays.asList(outcomes));
    }

    /**
     * Gives each its outcome; those whose script the server did not know go out again, once. Never fails.
     *
     * @param whole the first goes out with its script, after which the server knows it for the others
     */
    private Future<Void> send(List<Delivery> batch, int[] indexes, @Nullable Outcome[] outcomes, boolean whole) {
        List<Request> requests = new ArrayList<>(indexes.length);
        int[] sent = new int[indexes.length];
        long now = ticker.millis();
        for (int index : indexes) {
            Delivery delivery = batch.get(index);
            Entry entry = delivery.entry();
            try {
                byte[] name = key.of(entry, entry.destination().isEmpty() ? destination : entry.destination());
                boolean first = requests.isEmpty();
                requests.add(commands.of(entry, delivery.attempt(), name, now, whole && first));
                sent[requests.size() - 1] = index;
            } catch (WalException e) {
                outcomes[index] = Outcome.rejected(ErrorCode.TARGET_REJECTED, String.valueOf(e.getMessage()), false);
            }
        }
        int count = requests.size();
        if (count == 0) {
            return Future.succeededFuture();
        }
        return link.batch(requests).transform(answer -> {
            if (answer.succeeded()) {
                for (int i = 0; i < count; i++) {
                    outcomes[sent[i]] = Outcome.applied();
                }
                return Future.succeededFuture();
            }
            int[] unknown = failed(answer.cause(), sent, count, outcomes);
            return unknown.length == 0 || whole ? Future.succeededFuture() : send(batch, unknown, outcomes, true);
        });
    }

    /** Of the first {@code count} that were {@code sent}; answers those whose script the server did not know. */
    private int[] failed(Throwable failure, int[] sent, int count, @Nullable Outcome[] outcomes) {
        @Nullable String @Nullable [] errors = RedisOutcomes.errors(failure, count);
        if (errors == null) {
            Outcome all = RedisOutcomes.of(failure);
            for (int i = 0; i < count; i++) {
                outcomes[sent[i]] = all;
            }
            return new int[0];
        }
        int[] unknown = new int[count];
        int unknowns = 0;
        boolean moved = false;
        for (int i = 0; i < errors.length; i++) {
            String error = errors[i];
            outcomes[sent[i]] = error == null ? Outcome.applied() : RedisOutcomes.of(error);
            String code = error == null ? "" : RedisOutcomes.code(error);
            moved |= code.equals(RedisOutcomes.READONLY);
            if (code.equals(RedisOutcomes.NOSCRIPT)) {
                unknown[unknowns++] = sent[i];
            }
        }
        if (moved) {
            link.renew(); // the name may lead to another server by now
        }
        return Arrays.copyOf(unknown, unknowns);
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
