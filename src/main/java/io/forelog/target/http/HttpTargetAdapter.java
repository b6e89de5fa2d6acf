package io.forelog.target.http;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.target.HttpAnswer;
import io.forelog.target.TargetAdapter;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.NetClient;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request a delivery over pooled connections. Used on the context it was opened on; bounded by the pool and its wait
 * queue. Redirects are not followed: who configured the url chose the host.
 */
final class HttpTargetAdapter implements TargetAdapter {
    /** Of an error's body: what is more is cut off with its connection. */
    private static final int BODY_MAX = 64 * 1024;

    private final Wire wire;
    private final NetClient prober;
    private final UrlTemplate url;
    private final String destination;
    private final Map<Operation, HttpMethod> methods;
    private final RequestHeaders headers;
    private final @Nullable SigningSecrets signing;
    private final Ticker ticker;

    HttpTargetAdapter(
            Wire wire,
            NetClient prober,
            UrlTemplate url,
            String destination,
            Map<Operation, HttpMethod> methods,
            RequestHeaders headers,
            @Nullable SigningSecrets signing,
            Ticker ticker) {
        this.wire = wire;
        this.prober = prober;
        this.url = url;
        this.destination = destination;
        this.methods = methods;
        this.headers = headers;
        this.signing = signing;
        this.ticker = ticker;
    }

    @Override
    public int batchMax() {
        return 1;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        return send(batch.get(0)).map(List::of);
    }

    private Future<Outcome> send(Delivery delivery) {
        Entry entry = delivery.entry();
        RequestOptions options = new RequestOptions()
                .setHost(url.host())
                .setPort(url.port())
                .setSsl(url.tls())
                .setMethod(methods.getOrDefault(entry.operation(), HttpMethod.POST));
        try {
            options.setURI(url.pathFor(entry, entry.destination().isEmpty() ? destination : entry.destination()));
        } catch (IllegalArgumentException e) {
            return rejected(String.valueOf(e.getMessage()));
        }
        try {
            options.setHeaders(headersOf(delivery));
        } catch (IllegalArgumentException e) {
            return rejected(
                    "headers: one that no request can hold (expected: legal names)"); // its words hold the value
        }
        Buffer payload = entry.payload();
        return wire.ask(
                        options,
                        request -> (payload.length() == 0 ? request.send() : request.send(payload)).compose(this::read))
                .otherwise(HttpAnswer::unreached);
    }

    private static Future<Outcome> rejected(String problem) {
        return Future.succeededFuture(Outcome.rejected(ErrorCode.TARGET_REJECTED, problem, false));
    }

    private MultiMap headersOf(Delivery delivery) {
        MultiMap all = headers.of(delivery);
        if (signing != null) {
            RequestHeaders.sign(all, delivery.entry(), ticker.millis(), signing.signature());
        }
        return all;
    }

    private Future<Outcome> read(HttpClientResponse response) {
        return response.statusCode() / 100 == 2
                ? Future.succeededFuture(Outcome.applied())
                : HttpAnswer.read(response, BODY_MAX, ticker.millis()).map(HttpAnswer::outcome);
    }

    /** Whether a connection can be made: a request could have an effect. */
    @Override
    public Future<Void> probe() {
        return prober.connect(url.port(), url.host()).compose(socket -> socket.close());
    }

    @Override
    public Future<Void> close() {
        if (signing != null) {
            signing.close();
        }
        return Future.join(wire.close(), prober.close()).mapEmpty();
    }
}
