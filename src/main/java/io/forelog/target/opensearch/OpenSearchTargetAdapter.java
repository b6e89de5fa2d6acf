package io.forelog.target.opensearch;

import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.target.HttpAnswer;
import io.forelog.target.TargetAdapter;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/**
 * Bulk requests, a batch in one as a rule, to the nodes in turn. Used on the context it was opened on; compresses on a
 * worker; bounded by the client's pool and by the writer around it.
 */
final class OpenSearchTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 1_000;
    /** An answer has a line an item as a rule, and the server's words where it failed. */
    private static final int ANSWER_BASE = 64 * 1024;

    private static final int ANSWER_ITEM = 4 * 1024;
    /** No 413 brings requests below it. */
    private static final int BYTES_LEAST = 16 * 1024;
    /** What was answered must be told before the writer gives the whole batch up. */
    private static final int MARGIN_SHARE = 10;

    private final Vertx vertx;
    private final Cluster cluster;
    private final ActionForm form;
    private final String path;
    private final MultiMap headers;
    private final boolean gzip;
    private final long timeoutMicros;
    private final Ticker ticker;
    private int bytesMax;

    /**
     * @param path of a bulk request, with its query
     * @param headers of every request
     * @param bytesMax of a bulk request, before it is compressed
     */
    OpenSearchTargetAdapter(
            Vertx vertx,
            Cluster cluster,
            ActionForm form,
            String path,
            MultiMap headers,
            boolean gzip,
            int bytesMax,
            long timeoutMillis,
            Ticker ticker) {
        this.vertx = vertx;
        this.cluster = cluster;
        this.form = form;
        this.path = path;
        this.headers = headers;
        this.gzip = gzip;
        this.bytesMax = bytesMax;
        this.timeoutMicros = (timeoutMillis - timeoutMillis / MARGIN_SHARE) * 1_000L;
        this.ticker = ticker;
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        return new Submission(new Bulks(ticker.micros() + timeoutMicros), form, batch).run();
    }

    /** The requests of one batch, which have one time limit together. */
    private final class Bulks implements Submission.Sender {
        private final long deadlineMicros;

        private Bulks(long deadlineMicros) {
            this.deadlineMicros = deadlineMicros;
        }

        @Override
        public Future<HttpAnswer> send(Buffer lines, int items) {
            if (ticker.micros() >= deadlineMicros) {
                return Future.failedFuture(new TimeoutException("no time left for all requests of the batch"));
            }
            int answerMax = ANSWER_BASE + items * ANSWER_ITEM;
            Future<Buffer> body =
                    gzip ? vertx.executeBlocking(() -> compressed(lines), false) : Future.succeededFuture(lines);
            return body.compose(sent ->
                    cluster.ask(new Cluster.Request(HttpMethod.POST, path, headers, sent, answerMax), deadlineMicros));
        }

        @Override
        public int bytesMax() {
            return bytesMax;
        }

        @Override
        public void tooLarge(int bytes) {
            bytesMax = Math.min(bytesMax, Math.max(BYTES_LEAST, bytes / 2));
        }
    }

    private static Buffer compressed(Buffer lines) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(Math.max(64, lines.length() / 4));
        try (Fast gzip = new Fast(bytes)) {
            gzip.write(lines.getBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Buffer.buffer(bytes.toByteArray());
    }

    private static final class Fast extends GZIPOutputStream {
        private Fast(ByteArrayOutputStream bytes) throws IOException {
            super(bytes, 8 * 1024);
            def.setLevel(Deflater.BEST_SPEED);
        }
    }

    /** Any answer will do that is not one of a server that is going, coming, or overloaded. */
    @Override
    public Future<Void> probe() {
        MultiMap plain = HttpHeaders.headers().addAll(headers);
        plain.remove(HttpHeaders.CONTENT_TYPE).remove(HttpHeaders.CONTENT_ENCODING);
        return cluster.ask(
                        new Cluster.Request(HttpMethod.GET, "/", plain, null, ANSWER_BASE),
                        ticker.micros() + timeoutMicros)
                .compose(answer -> answer.outcome().kind() == Outcome.Kind.RETRY
                        ? Future.failedFuture(answer.said())
                        : Future.succeededFuture());
    }

    @Override
    public Future<Void> close() {
        return cluster.close();
    }
}
