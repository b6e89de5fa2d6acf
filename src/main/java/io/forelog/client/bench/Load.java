package io.forelog.client.bench;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongConsumer;

/**
 * One load against one node: a protocol, a workload, a pace. Makes a Vert.x instance of one event loop for each of its loops,
 * and closes them. The caller's thread waits; its progress is told to it once in a while.
 *
 * @param connections 0 = as many as the calls in flight need
 */
public record Load(Protocol protocol, String host, int port, Workload work, Pace pace, int connections, int loops) {
    private static final int STREAMS_A_CONNECTION = 100;
    private static final long REPORT_MILLIS = 200;

    /** What the calls are. */
    public enum Protocol {
        UNARY,
        BATCH,
        STREAM,
        HTTP;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A load that runs. */
    public static final class Running {
        private final List<Vertx> instances = new ArrayList<>();
        private final List<Books> books = new ArrayList<>();
        private final List<Future<Void>> ends = new ArrayList<>();

        public long completed() {
            return books.stream().mapToLong(Books::completed).sum();
        }

        /** Waits for the end; {@code progress} gets the entries answered so far. */
        public Books await(LongConsumer progress) throws InterruptedException {
            Future<Void> end = Future.join(ends).mapEmpty();
            try {
                while (!end.isComplete()) {
                    progress.accept(completed());
                    Thread.sleep(REPORT_MILLIS);
                }
                if (end.failed()) {
                    throw new IllegalStateException(end.cause());
                }
            } finally {
                instances.forEach(Vertx::close);
            }
            Books all = new Books();
            books.forEach(all::merge);
            return all;
        }
    }

    public Running start(Duration warmup, Duration duration) {
        Running running = new Running();
        for (int i = 0; i < loops; i++) {
            Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
            Books books = new Books();
            Promise<Void> end = Promise.promise();
            Context context = vertx.getOrCreateContext();
            context.runOnContext(begin -> {
                LoadLoop loop = new LoadLoop(vertx, caller(vertx), pace.part(loops), books);
                loop.run(warmup, duration).onComplete(end);
            });
            running.instances.add(vertx);
            running.books.add(books);
            running.ends.add(end.future());
        }
        return running;
    }

    private Caller caller(Vertx vertx) {
        int inFlight = pace.part(loops).inFlight();
        return switch (protocol) {
            case UNARY -> new GrpcCaller(vertx, host, port, http2(inFlight), work, false);
            case BATCH -> new GrpcCaller(vertx, host, port, http2(inFlight), work, true);
            case STREAM ->
                new StreamCaller(vertx, host, port, connections > 0 ? connections : Math.min(4, inFlight), work);
            case HTTP ->
                new HttpCaller(vertx, host, port, connections > 0 ? connections : Math.min(256, inFlight), work);
        };
    }

    private int http2(int inFlight) {
        int needed = (inFlight + STREAMS_A_CONNECTION - 1) / STREAMS_A_CONNECTION;
        return connections > 0 ? connections : Math.min(32, Math.max(Math.min(4, inFlight), needed));
    }
}
