package io.forelog.target.http;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.target.RetryAfter;
import io.forelog.target.TargetAdapter;
import io.forelog.target.Words;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.NetClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A request a delivery over pooled connections. Used on the context it was opened on; bounded by the pool and its wait
 * queue. Redirects are not followed: who configured the url chose the host.
 */
final class HttpTargetAdapter implements TargetAdapter {
    /** Of an error's body: what is more is cut off with its connection. */
    private static final int BODY_MAX = 64 * 1024;

    private final HttpClientAgent client;
    private final NetClient prober;
    private final UrlTemplate url;
    private final String destination;
    private final Map<Operation, HttpMethod> methods;
    private final RequestHeaders headers;
    private final @Nullable SigningSecrets signing;
    private final long timeoutMillis;
    private final Ticker ticker;

    HttpTargetAdapter(
            HttpClientAgent client,
            NetClient prober,
            UrlTemplate url,
            String destination,
            Map<Operation, HttpMethod> methods,
            RequestHeaders headers,
            @Nullable SigningSecrets signing,
            Duration timeout,
            Ticker ticker) {
        this.client = client;
        this.prober = prober;
        this.url = url;
        this.destination = destination;
        this.methods = methods;
        this.headers = headers;
        this.signing = signing;
        this.timeoutMillis = Math.max(1L, timeout.toMillis());
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
        RequestOptions options;
        try {
            options = new RequestOptions()
                    .setHost(url.host())
                    .setPort(url.port())
                    .setSsl(url.tls())
                    .setMethod(methods.getOrDefault(entry.operation(), HttpMethod.POST))
                    .setURI(url.pathFor(entry, entry.destination().isEmpty() ? destination : entry.destination()))
                    .setHeaders(headersOf(delivery))
                    .setConnectTimeout(timeoutMillis)
                    .setIdleTimeout(timeoutMillis);
        } catch (IllegalArgumentException e) {
            return Future.succeededFuture(
                    Outcome.rejected(ErrorCode.TARGET_REJECTED, String.valueOf(e.getMessage()), false));
        }
        Buffer payload = entry.payload();
        return client.request(options)
                .compose(request -> payload.length() == 0 ? request.send() : request.send(payload))
                .compose(this::read)
                .recover(failure -> Future.succeededFuture(unreached(failure)));
    }

    private MultiMap headersOf(Delivery delivery) {
        MultiMap all = headers.of(delivery);
        if (signing != null) {
            RequestHeaders.sign(all, delivery.entry(), ticker.millis(), signing.signature());
        }
        return all;
    }

    private Future<Outcome> read(HttpClientResponse response) {
        int status = response.statusCode();
        if (status / 100 == 2) {
            return Future.succeededFuture(Outcome.applied());
        }
        Promise<Outcome> promise = Promise.promise();
        Buffer body = Buffer.buffer();
        Duration after = RetryAfter.parse(response.getHeader(HttpHeaders.RETRY_AFTER), ticker.millis());
        response.handler(chunk -> {
            body.appendBuffer(chunk);
            if (body.length() > BODY_MAX) {
                promise.tryComplete(outcome(status, body, after));
                response.request().reset();
            }
        });
        response.exceptionHandler(cut -> promise.tryComplete(outcome(status, body, after)));
        response.endHandler(end -> promise.tryComplete(outcome(status, body, after)));
        return promise.future();
    }

    private static Outcome outcome(int status, Buffer body, Duration after) {
        String said = body.getString(0, Math.min(body.length(), 4 * Words.SAID_MAX), StandardCharsets.UTF_8.name());
        String text = Words.said("HTTP " + status + (said.isBlank() ? "" : ": " + said));
        if (status == 429) {
            return Outcome.retry(ErrorCode.RATE_LIMITED, text, after);
        }
        if (status == 408 || status == 425 || status >= 500) {
            return Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, text, after);
        }
        boolean storm = status == 401 || status == 403 || status == 404;
        return Outcome.rejected(ErrorCode.TARGET_REJECTED, text, storm);
    }

    private static Outcome unreached(Throwable failure) {
        String text = Words.said(String.valueOf(failure.getMessage()));
        boolean late = failure instanceof TimeoutException
                || failure instanceof io.vertx.core.impl.NoStackTraceTimeoutException;
        return Outcome.retry(late ? ErrorCode.TARGET_TIMEOUT : ErrorCode.TARGET_UNAVAILABLE, text, Duration.ZERO);
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
        return Future.join(client.close(), prober.close()).mapEmpty();
    }
}
