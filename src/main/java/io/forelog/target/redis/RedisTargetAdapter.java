package io.forelog.target.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.target.KeyTemplate;
import io.forelog.target.Pipeline;
import io.forelog.target.TargetAdapter;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A command a delivery, those of a batch in one write, each with its own outcome. A script that the server does not know goes out
 * again with its text. Used on the context it was opened on; bounded by the connection.
 */
final class RedisTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 256;
    private static final int[] NONE = {};

    private static final byte[] PING = "PING".getBytes(US_ASCII);
    /** Of a command without key and payload. */
    private static final int COMMAND_BYTES = 320;
    /** What is allocated at once: beyond it a buffer grows as it must. */
    private static final int BYTES_MAX = 8 << 20;

    private final NetClient client;
    private final Pipeline connection;
    private final KeyTemplate key;
    private final String destination;
    private final Commands commands;
    private final Ticker ticker;
    private final Command command = new Command();

    /** {@code destination}: of an entry that names none. */
    RedisTargetAdapter(
            NetClient client,
            Pipeline connection,
            KeyTemplate key,
            String destination,
            Commands commands,
            Ticker ticker) {
        this.client = client;
        this.connection = connection;
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
        Buffer all = Buffer.buffer(bytes(batch, indexes));
        int[] sent = new int[indexes.length];
        int count = 0;
        long now = ticker.millis();
        for (int index : indexes) {
            Delivery delivery = batch.get(index);
            Entry entry = delivery.entry();
            try {
                byte[] name = key.of(entry, entry.destination().isEmpty() ? destination : entry.destination());
                commands.put(command, entry, delivery.attempt(), name, now, whole && count == 0);
                command.appendTo(all);
                sent[count++] = index;
            } catch (WalException e) {
                outcomes[index] = Outcome.rejected(ErrorCode.TARGET_REJECTED, String.valueOf(e.getMessage()), false);
            }
        }
        if (count == 0) {
            return Future.succeededFuture();
        }
        return connection.send(all, count, true).compose(answers -> {
            int[] unknown = take(answers, sent, outcomes);
            return unknown.length == 0 || whole ? Future.succeededFuture() : send(batch, unknown, outcomes, true);
        });
    }

    private static int bytes(List<Delivery> batch, int[] indexes) {
        long bytes = 0;
        for (int index : indexes) {
            Entry entry = batch.get(index).entry();
            bytes += COMMAND_BYTES + entry.key().length() + entry.payload().length();
        }
        return (int) Math.min(BYTES_MAX, bytes);
    }

    /** Answers those of {@code sent} whose script the server did not know. */
    private int[] take(Pipeline.Answers answers, int[] sent, @Nullable Outcome[] outcomes) {
        int[] unknown = NONE;
        @Nullable Outcome unanswered = null;
        boolean moved = false;
        for (int i = 0; i < answers.lines.length; i++) {
            String reply = answers.lines[i];
            if (reply == null) {
                unanswered = unanswered == null ? RedisOutcomes.of(answers.cut()) : unanswered;
                outcomes[sent[i]] = unanswered;
            } else if (reply.equals(RedisProtocol.OK)) {
                outcomes[sent[i]] = Outcome.applied();
            } else {
                outcomes[sent[i]] = RedisOutcomes.of(reply);
                String code = RedisOutcomes.code(reply);
                moved |= code.equals(RedisOutcomes.READONLY);
                if (code.equals(RedisOutcomes.NOSCRIPT)) {
                    unknown = Arrays.copyOf(unknown, unknown.length + 1);
                    unknown[unknown.length - 1] = sent[i];
                }
            }
        }
        if (moved) {
            connection.renew(); // the name may lead to another server by now
        }
        return unknown;
    }

    /** Any answer will do that would not be the same for every entry. */
    @Override
    public Future<Void> probe() {
        Buffer ping = Buffer.buffer();
        command.name(PING).appendTo(ping);
        return connection.send(ping, 1, true).compose(answers -> {
            String reply = answers.lines[0];
            Outcome outcome = reply == null
                    ? RedisOutcomes.of(answers.cut())
                    : reply.equals(RedisProtocol.OK) ? Outcome.applied() : RedisOutcomes.of(reply);
            return outcome instanceof Outcome.Retry retry
                    ? Future.failedFuture(retry.text())
                    : Future.succeededFuture();
        });
    }

    @Override
    public Future<Void> close() {
        connection.close();
        return client.close();
    }
}
