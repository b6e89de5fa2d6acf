package io.forelog.target.opensearch;

import io.forelog.model.Ticker;
import io.forelog.target.HttpAnswer;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of a cluster, asked in turn. One that does not answer rests, longer each time, and the next gets the same request:
 * all that is sent here may be sent twice. Used on its adapter's context; bounded by the client's pool, and by the writer.
 */
final class Cluster {
    private static final long REST_FIRST_MICROS = 1_000_000L;
    private static final long REST_MAX_MICROS = 30_000_000L;

    private final Vertx vertx;
    private final HttpClientAgent client;
    private final Ticker ticker;
    private final List<Node> nodes;
    private int turn;

    private static final class Node {
        private final NodeUrl url;
        private int failures;
        private long restsUntilMicros;

        private Node(NodeUrl url) {
            this.url = url;
        }
    }

    /** A request without its node. */
    record Request(
            HttpMethod method,
            String path,
            MultiMap headers,
            @Nullable Buffer body,
            int answerMax) {}

    private record Asking(Request request, long deadlineMicros, List<Node> tried, Promise<HttpAnswer> promise) {}

    Cluster(Vertx vertx, HttpClientAgent client, List<NodeUrl> urls, Ticker ticker) {
        this.vertx = vertx;
        this.client = client;
        this.ticker = ticker;
        this.nodes = urls.stream().map(Node::new).toList();
    }

    /** What a node answers, whatever it is; fails where none did by then. */
    Future<HttpAnswer> ask(Request request, long deadlineMicros) {
        Asking asking = new Asking(request, deadlineMicros, new ArrayList<>(nodes.size()), Promise.promise());
        tryNext(asking);
        return asking.promise().future();
    }

    private void tryNext(Asking asking) {
        long left = (asking.deadlineMicros() - ticker.micros()) / 1_000L;
        if (left <= 0) {
            asking.promise().fail(new TimeoutException("no answer in time"));
            return;
        }
        Node node = next(asking.tried());
        asking.tried().add(node);
        boolean last = asking.tried().size() == nodes.size();
        send(node, asking.request(), last ? left : Math.max(1L, left / 2))
                .onComplete(
                        answer -> {
                            note(node, answer.status() >= 502 && answer.status() <= 504);
                            asking.promise().complete(answer);
                        },
                        failure -> {
                            note(node, true);
                            if (last) {
                                asking.promise().fail(failure);
                            } else {
                                tryNext(asking);
                            }
                        });
    }

    /** In turn, those that rest behind the others. A node whose rest is over gets one request, and rests on until it answers. */
    private Node next(List<Node> tried) {
        long now = ticker.micros();
        Node least = null;
        for (int i = 0; i < nodes.size(); i++) {
            Node node = nodes.get((turn + i) % nodes.size());
            boolean sooner =
                    least == null || Math.max(now, node.restsUntilMicros) < Math.max(now, least.restsUntilMicros);
            if (!tried.contains(node) && sooner) {
                least = node;
            }
        }
        if (least == null) {
            throw new IllegalStateException("no node is left"); // never: a request ends with its last
        }
        turn = (nodes.indexOf(least) + 1) % nodes.size();
        if (least.failures > 0) {
            least.restsUntilMicros = now + rest(least.failures);
        }
        return least;
    }

    private void note(Node node, boolean failed) {
        node.failures = failed ? node.failures + 1 : 0;
        node.restsUntilMicros = failed ? ticker.micros() + rest(node.failures) : 0L;
    }

    private static long rest(int failures) {
        return Math.min(REST_MAX_MICROS, REST_FIRST_MICROS << Math.min(failures - 1, 10));
    }

    private Future<HttpAnswer> send(Node node, Request request, long timeoutMillis) {
        Promise<HttpAnswer> promise = Promise.promise();
        RequestOptions options = new RequestOptions()
                .setMethod(request.method())
                .setHost(node.url.host())
                .setPort(node.url.port())
                .setSsl(node.url.tls())
                .setURI(node.url.prefix() + request.path())
                .setHeaders(request.headers())
                .setConnectTimeout(timeoutMillis);
        Future<HttpClientRequest> opened = client.request(options);
        long timer = vertx.setTimer(
                timeoutMillis, id -> promise.tryFail(new TimeoutException(node.url + ": no answer in time")));
        opened.compose(sending -> {
                    if (promise.future().isComplete()) {
                        sending.reset();
                        return Future.failedFuture("too late");
                    }
                    promise.future().onFailure(late -> sending.reset());
                    return request.body() == null ? sending.send() : sending.send(request.body());
                })
                .compose(response -> HttpAnswer.read(response, request.answerMax(), ticker.millis()))
                .onComplete(promise::tryComplete, promise::tryFail);
        return promise.future().onComplete(done -> vertx.cancelTimer(timer));
    }

    Future<Void> close() {
        return client.close();
    }
}
