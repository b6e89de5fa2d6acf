package io.forelog.queue.sqs;

import io.forelog.blob.BlobStore;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.wire.Bytes;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the payload out of what is too large for its queue: into the blob store first, then the message that names it. Each
 * message owns its blob alone, copies too, so that the end of one never takes another's payload; only what can't be read just
 * now is named by a copy as it stands. Used on the home, where its futures end, within a time limit; what is under way is
 * bounded by its callers.
 */
final class ClaimCheck {
    private static final Logger LOG = LoggerFactory.getLogger(ClaimCheck.class);

    private final ContextInternal home;
    private final Supplier<Future<BlobStore>> store;
    private final int messageBytes;
    private final Duration limit;

    /**
     * @param store opened when it is first needed
     * @param limit of one call of it
     */
    ClaimCheck(ContextInternal home, Supplier<Future<BlobStore>> store, int messageBytes, Duration limit) {
        this.home = home;
        this.store = store;
        this.messageBytes = messageBytes;
        this.limit = limit;
    }

    /** A message ready to be sent; {@code blob} empty = it carries its payload itself. */
    record Packed(String body, Map<String, String> attributes, String blob) {}

    /** Fits without the blob store? Cheap: nothing is encoded. */
    private boolean surelyLarge(Parcel parcel) {
        return parcel.entry().payload().length() / 3L * 4L > messageBytes;
    }

    /**
     * Fails with UNAVAILABLE where the blob store does or has not answered within {@code left}, with PAYLOAD_TOO_LARGE where
     * even the rest is too large. Then there is no message that names what may have been written.
     */
    Future<Packed> pack(Parcel parcel, Duration left) {
        if (!surelyLarge(parcel)) {
            String body = ParcelCodec.body(parcel);
            Map<String, String> attributes = ParcelCodec.attributes(parcel, "", 0);
            if (ParcelCodec.bytes(body, attributes) <= messageBytes) {
                return Future.succeededFuture(new Packed(body, attributes, ""));
            }
        }
        String blob = parcel.entry().namespace() + "/" + parcel.entry().id() + "/" + UUID.randomUUID();
        Packed packed = naming(parcel, blob, parcel.entry().payload().length());
        int bytes = ParcelCodec.bytes(packed.body(), packed.attributes());
        if (bytes > messageBytes) {
            return Future.failedFuture(new WalException(
                    ErrorCode.PAYLOAD_TOO_LARGE,
                    "entry " + parcel.entry().id() + ": " + bytes
                            + " bytes of key, headers and attributes alone (expected: at most " + messageBytes
                            + ", base64 included)"));
        }
        Future<Void> put =
                store.get().compose(open -> open.put(blob, parcel.entry().payload()));
        return limited(put, left).map(done -> packed).onFailure(failure -> put.onSuccess(late -> discard(blob)));
    }

    /** With the payload where it lies already. */
    Packed naming(Parcel parcel, String blob, long blobBytes) {
        Parcel rest = parcel.withPayload(Bytes.EMPTY);
        return new Packed(ParcelCodec.body(rest), ParcelCodec.attributes(rest, blob, blobBytes), blob);
    }

    /**
     * The parcel with its payload. Fails with NOT_FOUND where the blob is gone, with another code where the store can't be
     * asked.
     */
    Future<Parcel> unpack(Parcel parcel, String blob) {
        if (blob.isEmpty() || parcel.entry().payload().length() > 0) {
            return Future.succeededFuture(parcel);
        }
        return limited(store.get().compose(open -> open.get(blob)), limit)
                .compose(found -> found.isPresent()
                        ? Future.succeededFuture(parcel.withPayload(found.get()))
                        : Future.failedFuture(new WalException(
                                ErrorCode.NOT_FOUND,
                                "payload " + blob + ": not in the blob store (expected: there until its message is"
                                        + " settled; another node's embedded store can't be read)")));
    }

    /** Brought home: what the namespaces of a node share ends wherever it was opened. */
    private <T> Future<T> limited(Future<T> call, Duration left) {
        Promise<T> promise = home.promise();
        long timer = home.setTimer(
                Math.max(1, left.toMillis()),
                late -> promise.tryFail(
                        new WalException(ErrorCode.UNAVAILABLE, "no answer of the blob store within " + left)));
        call.onComplete(
                value -> {
                    home.owner().cancelTimer(timer);
                    promise.tryComplete(value);
                },
                failure -> {
                    home.owner().cancelTimer(timer);
                    promise.tryFail(failure);
                });
        return promise.future();
    }

    /** After its message has gone. What fails is collected by its age. */
    void discard(String blob) {
        if (!blob.isEmpty()) {
            store.get()
                    .compose(open -> open.delete(blob))
                    .onFailure(failure -> LOG.atDebug()
                            .addKeyValue(LogKeys.REASON, failure.getMessage())
                            .log("Blob not deleted; its age will"));
        }
    }
}
