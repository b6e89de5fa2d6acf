package io.forelog.queue.sqs;

import io.forelog.blob.BlobStore;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Payloads in memory, in a store that the test sends away or freezes. Any thread. */
class HandBlobs implements BlobStore {
    /** What becomes of a call. */
    enum Mood {
        SERVING,
        AWAY,
        SILENT
    }

    final Map<String, Buffer> contents = new ConcurrentHashMap<>();
    final AtomicInteger gets = new AtomicInteger();
    volatile Mood mood = Mood.SERVING;

    @Override
    public Future<Void> put(String id, Buffer content) {
        return call(() -> {
            contents.put(id, content);
            return null;
        });
    }

    @Override
    public Future<Optional<Buffer>> get(String id) {
        gets.incrementAndGet();
        return call(() -> Optional.ofNullable(contents.get(id)));
    }

    @Override
    public Future<Void> delete(String id) {
        return call(() -> {
            contents.remove(id);
            return null;
        });
    }

    @Override
    public Future<Integer> collect(Duration age, int most) {
        return Future.succeededFuture(0);
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }

    private <T> Future<T> call(Supplier<T> what) {
        return switch (mood) {
            case SERVING -> Future.succeededFuture(what.get());
            case AWAY -> Future.failedFuture(new WalException(ErrorCode.UNAVAILABLE, "the blob store is away"));
            case SILENT -> Promise.<T>promise().future();
        };
    }
}
