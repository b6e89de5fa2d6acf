package io.forelog.target.memcached;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.forelog.model.Ticker;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import java.util.ArrayDeque;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One pipelined connection to one node, made when it is first needed and again after it broke, gave no answer in time, or answered
 * something that fits no command. Each command has a line of answer, in order. A node that could not be reached or was silent
 * rests for {@link #REST_MICROS}, so that it does not hold up the others. Used on one context; bounded by {@link #WAITING_MAX} commands.
 */
public final class MemcachedNode {
    /** As many as a writer may have out at its highest adaptive limit. */
    static final int WAITING_MAX = 200 * MemcachedTargetAdapter.BATCH_MAX;

    private static final long REST_MICROS = 1_000_000L;
    private static final int LINE_MAX = 4_096;

    private final Vertx vertx;
    private final NetClient client;
    private final NodeAddress address;
    private final @Nullable Buffer login;
    private final long timeoutMillis;
    private final Ticker ticker;
    private final ArrayDeque<Batch> waiting = new ArrayDeque<>();

    /** Of the connection in use, or being made. */
    private @Nullable Promise<NetSocket> connecting;

    private @Nullable NetSocket socket;
    private Buffer rest = Buffer.buffer();
    private int commandsWaiting;
    private long restUntilMicros;
    private Throwable lastCut = new IllegalStateException("never connected");

    /** {@code login}: a command that opens each connection; null = none. */
    public MemcachedNode(
            Vertx vertx,
            NetClient client,
            NodeAddress address,
            @Nullable Buffer login,
            long timeoutMillis,
            Ticker ticker) {
        this.vertx = vertx;
        this.client = client;
        this.address = address;
        this.login = login;
        this.timeoutMillis = timeoutMillis;
        this.ticker = ticker;
    }

    /** The lines that came, null for those that did not, and then what cut them off. */
    public static final class Answers {
        public final @Nullable String[] lines;
        Throwable cut = new IllegalStateException("no answer");

        Answers(int count) {
            lines = new @Nullable String[count];
        }

        public Throwable cut() {
            return cut;
        }
    }

    /** The node's own words to the login. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        Refused(String line) {
            super(line, null, false, false);
        }
    }

    /** More waits than may. */
    static final class Full extends Exception {
        private static final long serialVersionUID = 1;

        Full(String text) {
            super(text, null, false, false);
        }
    }

    private static final class Batch {
        final Answers answers;
        final Promise<Answers> promise = Promise.promise();
        int next;
        long timer = -1;

        Batch(int count) {
            answers = new Answers(count);
        }
    }

    /**
     * Never fails; ends within the time-out.
     *
     * @param resting asks a node that rests, too
     */
    public Future<Answers> send(Buffer commands, int count, boolean resting) {
        Batch batch = new Batch(count);
        if (!resting && ticker.micros() < restUntilMicros) {
            return cut(batch, lastCut);
        }
        if (commandsWaiting + count > WAITING_MAX) {
            return cut(batch, new Full(commandsWaiting + " commands wait for " + address.name() + " already"));
        }
        commandsWaiting += count;
        Promise<NetSocket> used = connection();
        batch.timer = vertx.setTimer(timeoutMillis, late -> {
            TimeoutException cause =
                    new TimeoutException(address.name() + ": no answer within " + timeoutMillis + " ms");
            end(batch, cause);
            if (used == connecting) {
                restUntilMicros = ticker.micros() + REST_MICROS;
                drop(cause);
            }
        });
        used.future().onComplete(ready -> write(ready, batch, commands), failure -> end(batch, failure));
        return batch.promise.future();
    }

    public void close() {
        drop(new IllegalStateException("the target is closed"));
    }

    private void write(NetSocket ready, Batch batch, Buffer commands) {
        if (batch.promise.future().isComplete()) {
            return;
        }
        if (ready != socket) {
            end(batch, lastCut);
            return;
        }
        waiting.add(batch);
        ready.write(commands);
    }

    private Promise<NetSocket> connection() {
        Promise<NetSocket> current = connecting;
        if (current != null) {
            return current;
        }
        Promise<NetSocket> promise = Promise.promise();
        connecting = promise;
        client.connect(address.port(), address.host()).onComplete(made -> opened(made, promise), failure -> {
            if (connecting == promise) {
                restUntilMicros = ticker.micros() + REST_MICROS;
                lastCut = failure;
                connecting = null;
            }
            promise.tryFail(failure);
        });
        return promise;
    }

    private void opened(NetSocket made, Promise<NetSocket> promise) {
        if (connecting != promise) {
            made.close(); // it took too long
            promise.tryFail(lastCut);
            return;
        }
        socket = made;
        rest = Buffer.buffer();
        made.handler(chunk -> read(made, chunk));
        made.exceptionHandler(broken -> dropped(made, broken));
        made.closeHandler(end -> dropped(made, new IllegalStateException(address.name() + ": connection closed")));
        if (login == null) {
            promise.tryComplete(made);
            return;
        }
        Batch first = new Batch(1);
        commandsWaiting++;
        waiting.add(first);
        made.write(login);
        first.promise.future().onSuccess(answers -> {
            String line = answers.lines[0];
            if ("STORED".equals(line)) {
                promise.tryComplete(made);
            } else {
                Throwable refused = line == null ? answers.cut : new Refused(line);
                dropped(made, refused);
                promise.tryFail(refused);
            }
        });
    }

    private void read(NetSocket from, Buffer chunk) {
        if (from != socket) {
            return;
        }
        Buffer data = rest.length() == 0 ? chunk : rest.appendBuffer(chunk);
        int start = 0;
        for (int i = 0; i < data.length() && from == socket; i++) {
            if (data.getByte(i) == '\n') {
                line(from, data, start, i > start && data.getByte(i - 1) == '\r' ? i - 1 : i);
                start = i + 1;
            }
        }
        rest = start == data.length() ? Buffer.buffer() : data.getBuffer(start, data.length());
        if (rest.length() > LINE_MAX) {
            dropped(from, new IllegalStateException(address.name() + ": a line without an end"));
        }
    }

    private void line(NetSocket from, Buffer data, int start, int end) {
        String line = end - start == 6 && data.getByte(start) == 'S' && data.getByte(start + 5) == 'D'
                ? "STORED"
                : data.getString(start, end, UTF_8.name());
        Batch batch = waiting.peek();
        if (batch != null) {
            batch.answers.lines[batch.next++] = line;
            if (batch.next == batch.answers.lines.length) {
                waiting.poll();
                finish(batch);
            }
        }
        if (batch == null || !MemcachedOutcomes.inStep(line)) {
            dropped(from, new IllegalStateException(address.name() + ": cut after " + line));
        }
    }

    private void dropped(NetSocket from, Throwable cause) {
        if (from == socket) {
            drop(cause);
        }
    }

    /** What waits on the connection ends, with the lines that came. */
    private void drop(Throwable cause) {
        lastCut = cause;
        NetSocket old = socket;
        Promise<NetSocket> unfinished = connecting;
        socket = null;
        connecting = null;
        if (unfinished != null) {
            unfinished.tryFail(cause);
        }
        if (old != null) {
            old.close();
        }
        for (Batch batch = waiting.poll(); batch != null; batch = waiting.poll()) {
            end(batch, cause);
        }
    }

    private void end(Batch batch, Throwable cause) {
        if (!batch.promise.future().isComplete()) {
            batch.answers.cut = cause;
            finish(batch);
        }
    }

    private void finish(Batch batch) {
        if (batch.timer >= 0) {
            vertx.cancelTimer(batch.timer);
        }
        commandsWaiting -= batch.answers.lines.length;
        batch.promise.tryComplete(batch.answers);
    }

    private static Future<Answers> cut(Batch batch, Throwable cause) {
        batch.answers.cut = cause;
        return Future.succeededFuture(batch.answers);
    }
}
