package io.forelog.access;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;

/**
 * A body that ends in time, counted from when this was made, and holds no more than it may, or fails. Threads of the JDK's client,
 * one at a time, and its timer's.
 */
final class BoundedBody implements BodySubscriber<String> {
    private final int max;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CompletableFuture<String> body = new CompletableFuture<>();

    BoundedBody(int max, Duration limit) {
        this.max = max;
        CompletableFuture.delayedExecutor(limit.toMillis(), TimeUnit.MILLISECONDS)
                .execute(() -> body.completeExceptionally(new IOException("no whole answer within " + limit)));
    }

    @Override
    public CompletionStage<String> getBody() {
        return body;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        // Who is not done leaves the connection to nobody else.
        body.whenComplete((text, failure) -> {
            if (failure != null) {
                subscription.cancel();
            }
        });
        subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> parts) {
        for (ByteBuffer part : parts) {
            if (bytes.size() + part.remaining() > max) {
                body.completeExceptionally(new IOException("more than " + max + " bytes"));
                return;
            }
            byte[] copied = new byte[part.remaining()];
            part.get(copied);
            bytes.writeBytes(copied);
        }
    }

    @Override
    public void onError(Throwable failure) {
        body.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
        body.complete(bytes.toString(StandardCharsets.UTF_8));
    }
}
