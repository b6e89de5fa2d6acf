package io.forelog.target;

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
 * One pipelined connection to one server, made when it is first needed and again after it broke, gave no answer in time, or answered
 * something that fits no command. Each command has one reply, in order. A server that could not be reached or was silent rests for a
 * while, so that it does not hold up others. Used on one context; bounded by {@link Limits#waitingMax} commands.
 */
public final class Pipeline {
    /** Of what is kept until the rest of a reply comes. */
    private static final int REPLY_MAX = 4_096;

    private final Vertx vertx;
    private final NetClient client;
    private final Server server;
    private final Protocol protocol;
    private final Limits limits;
    private final Ticker ticker;
    private final ArrayDeque<Batch> waiting = new ArrayDeque<>();

    /** Of the connection in use, or being made. */
    private @Nullable Promise<NetSocket> connecting;

    private @Nullable NetSocket socket;
    private Buffer rest = Buffer.buffer();
    private int commandsWaiting;
    private boolean closed;
    private long restUntilMicros;
    private Throwable lastCut = new IllegalStateException("never connected");

    public Pipeline(Vertx vertx, NetClient client, Server server, Protocol protocol, Limits limits, Ticker ticker) {
        this.vertx = vertx;
        this.client = client;
        this.server = server;
        this.protocol = protocol;
        this.limits = limits;
        this.ticker = ticker;
    }

    /**
     * Who is spoken to.
     *
     * @param name in what is said of it
     * @param login opens each connection; null = nothing does
     */
    public record Server(
            String host, int port, String name, @Nullable Login login) {}

    /** {@code count} commands. */
    public record Login(Buffer commands, int count) {
        @Override
        public String toString() {
            return "Login"; // it holds a secret
        }
    }

    /**
     * @param waitingMax commands that wait for their replies
     * @param timeoutMillis from the command to its reply, a connection that has to be made included
     * @param restMicros of a server that could not be reached or was silent
     */
    public record Limits(int waitingMax, long timeoutMillis, long restMicros) {}

    /** What replies look like. Stateless. */
    public interface Protocol {
        /** Where the reply that begins at {@code from} ends; -1 where its end has not come yet. */
        int end(Buffer data, int from);

        /** What is kept of it. */
        String reply(Buffer data, int from, int end);

        /** Whether the next reply is surely that of the next command. */
        boolean inStep(String reply);

        /** Whether such a reply to a command of the login lets in. */
        boolean welcomes(String reply);
    }

    /** The replies that came, null for those that did not, and then what cut them off. */
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

    /** The server's own words to the login. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        public Refused(String words) {
            super(words, null, false, false);
        }
    }

    /** More waits than may. */
    public static final class Full extends Exception {
        private static final long serialVersionUID = 1;

        public Full(String text) {
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
     * @param resting asks a server that rests, too
     */
    public Future<Answers> send(Buffer commands, int count, boolean resting) {
        Batch batch = new Batch(count);
        if (closed) {
            return cut(batch, lastCut);
        }
        if (!resting && ticker.micros() < restUntilMicros) {
            return cut(batch, lastCut);
        }
        if (commandsWaiting + count > limits.waitingMax) {
            return cut(batch, new Full(commandsWaiting + " commands wait for " + server.name + " already"));
        }
        commandsWaiting += count;
        Promise<NetSocket> used = connection();
        batch.timer = vertx.setTimer(limits.timeoutMillis, late -> {
            TimeoutException cause =
                    new TimeoutException(server.name + ": no answer within " + limits.timeoutMillis + " ms");
            end(batch, cause);
            if (used == connecting) {
                restUntilMicros = ticker.micros() + limits.restMicros;
                drop(cause);
            }
        });
        used.future().onComplete(ready -> write(ready, batch, commands), failure -> end(batch, failure));
        return batch.promise.future();
    }

    /** What goes out from now on goes over a new connection; what waits on the old one ends without an answer. */
    public void renew() {
        drop(new IllegalStateException(server.name + ": connection given up"));
    }

    /** Nothing goes out any more. */
    public void close() {
        closed = true;
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
        client.connect(server.port, server.host).onComplete(made -> opened(made, promise), failure -> {
            if (connecting == promise) {
                restUntilMicros = ticker.micros() + limits.restMicros;
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
        made.closeHandler(end -> dropped(made, new IllegalStateException(server.name + ": connection closed")));
        Login login = server.login;
        if (login == null) {
            promise.tryComplete(made);
            return;
        }
        Batch first = new Batch(login.count);
        commandsWaiting += login.count;
        waiting.add(first);
        made.write(login.commands);
        first.promise.future().onSuccess(answers -> {
            Throwable refused = refusal(answers);
            if (refused == null) {
                promise.tryComplete(made);
            } else {
                dropped(made, refused);
                promise.tryFail(refused);
            }
        });
    }

    private @Nullable Throwable refusal(Answers answers) {
        for (String line : answers.lines) {
            if (line == null) {
                return answers.cut;
            }
            if (!protocol.welcomes(line)) {
                return new Refused(line);
            }
        }
        return null;
    }

    private void read(NetSocket from, Buffer chunk) {
        if (from != socket) {
            return;
        }
        Buffer data = rest.length() == 0 ? chunk : rest.appendBuffer(chunk);
        int start = 0;
        while (from == socket && start < data.length()) {
            int end = protocol.end(data, start);
            if (end < 0) {
                break;
            }
            replied(from, protocol.reply(data, start, end));
            start = end;
        }
        rest = start == data.length() ? Buffer.buffer() : data.getBuffer(start, data.length());
        if (rest.length() > REPLY_MAX) {
            dropped(from, new IllegalStateException(server.name + ": a reply without an end"));
        }
    }

    private void replied(NetSocket from, String reply) {
        Batch batch = waiting.peek();
        if (batch != null) {
            batch.answers.lines[batch.next++] = reply;
            if (batch.next == batch.answers.lines.length) {
                waiting.poll();
                finish(batch);
            }
        }
        if (batch == null || !protocol.inStep(reply)) {
            dropped(from, new IllegalStateException(server.name + ": cut after " + reply));
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
