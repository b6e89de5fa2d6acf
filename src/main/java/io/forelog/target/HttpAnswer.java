package io.forelog.target;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/**
 * What an HTTP server has answered, read up to a bound. Immutable.
 *
 * @param retryAfter zero where it asks for none
 * @param body its beginning where it was not {@code whole}
 * @param whole false where it was longer than the bound, or broke off
 */
public record HttpAnswer(int status, Duration retryAfter, Buffer body, boolean whole) {
    /** Never fails; what is more than {@code bodyMax} bytes is cut off with its connection. On the response's context. */
    public static Future<HttpAnswer> read(HttpClientResponse response, int bodyMax, long nowMillis) {
        Promise<HttpAnswer> promise = Promise.promise();
        int status = response.statusCode();
        Duration after = RetryAfter.parse(response.getHeader(HttpHeaders.RETRY_AFTER), nowMillis);
        Buffer body = Buffer.buffer();
        response.handler(chunk -> {
            if (body.length() + chunk.length() > bodyMax) {
                body.appendBuffer(chunk, 0, Math.max(0, bodyMax - body.length()));
                if (promise.tryComplete(new HttpAnswer(status, after, body, false))) {
                    response.request().reset();
                }
            } else {
                body.appendBuffer(chunk);
            }
        });
        response.exceptionHandler(cut -> promise.tryComplete(new HttpAnswer(status, after, body, false)));
        response.endHandler(end -> promise.tryComplete(new HttpAnswer(status, after, body, true)));
        return promise.future();
    }

    /** {@code HTTP STATUS: } and the beginning of its body, on one line. */
    public String said() {
        String said = body.getString(0, Math.min(body.length(), 4 * Words.SAID_MAX), StandardCharsets.UTF_8.name());
        return Words.said("HTTP " + status + (said.isBlank() ? "" : ": " + said));
    }

    /** Of the status alone; 401, 403 and 404 count to a storm. */
    public Outcome outcome() {
        if (status / 100 == 2) {
            return Outcome.applied();
        }
        if (status == 429) {
            return Outcome.retry(ErrorCode.RATE_LIMITED, said(), retryAfter);
        }
        if (status == 408 || status == 425 || status >= 500) {
            return Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, said(), retryAfter);
        }
        boolean storm = status == 401 || status == 403 || status == 404;
        return Outcome.rejected(ErrorCode.TARGET_REJECTED, said(), storm);
    }

    /** Of a request that got no answer. */
    public static Outcome unreached(Throwable failure) {
        String text = Words.said(failure);
        if (failure instanceof WalException told && told.code() == ErrorCode.RATE_LIMITED) {
            return Outcome.retry(ErrorCode.RATE_LIMITED, text, Duration.ZERO);
        }
        boolean late = failure instanceof TimeoutException
                || failure instanceof io.vertx.core.impl.NoStackTraceTimeoutException;
        return Outcome.retry(late ? ErrorCode.TARGET_TIMEOUT : ErrorCode.TARGET_UNAVAILABLE, text, Duration.ZERO);
    }
}
