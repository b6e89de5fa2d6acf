package io.forelog.queue.sqs;

import io.forelog.blob.BlobStore;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.wire.Bytes;
import io.vertx.core.Future;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the payload out of what is too large for its queue: into the blob store first, then the message that names it. Each
 * message owns its blob alone, copies too, so that the end of one never takes another's payload. Used on the home; what is
 * under way is bounded by its callers.
 */
final class ClaimCheck {
    private static final Logger LOG = LoggerFactory.getLogger(ClaimCheck.class);

    private final Supplier<Future<BlobStore>> store;
    private final int messageBytes;

    /** @param store opened when it is first needed */
    ClaimCheck(Supplier<Future<BlobStore>> store, int messageBytes) {
        this.store = store;
        this.messageBytes = messageBytes;
    }

    /** A message ready to be sent; {@code blob} empty = it carries its payload itself. */
    record Packed(String body, Map<String, String> attributes, String blob) {}

    /** Fits without the blob store? Cheap: nothing is encoded. */
    private boolean surelyLarge(Parcel parcel) {
        return parcel.entry().payload().length() / 3L * 4L > messageBytes;
    }

    /** Fails with UNAVAILABLE where the blob store does, with PAYLOAD_TOO_LARGE where even the rest is too large. */
    Future<Packed> pack(Parcel parcel) {
        if (!surelyLarge(parcel)) {
            String body = ParcelCodec.body(parcel);
            Map<String, String> attributes = ParcelCodec.attributes(parcel, "");
            if (ParcelCodec.bytes(body, attributes) <= messageBytes) {
                return Future.succeededFuture(new Packed(body, attributes, ""));
            }
        }
        String blob = parcel.entry().namespace() + "/" + parcel.entry().id() + "/" + UUID.randomUUID();
        Parcel rest = parcel.withPayload(Bytes.EMPTY);
        String body = ParcelCodec.body(rest);
        Map<String, String> attributes = ParcelCodec.attributes(rest, blob);
        int bytes = ParcelCodec.bytes(body, attributes);
        if (bytes > messageBytes) {
            return Future.failedFuture(new WalException(
                    ErrorCode.PAYLOAD_TOO_LARGE,
                    "entry " + parcel.entry().id() + ": " + bytes
                            + " bytes of key, headers and attributes alone (expected: at most " + messageBytes
                            + ", base64 included)"));
        }
        return store.get()
                .compose(open -> open.put(blob, parcel.entry().payload()))
                .map(put -> new Packed(body, attributes, blob));
    }

    /**
     * The parcel with its payload. Fails with NOT_FOUND where the blob is gone, with another code where the store can't be
     * asked.
     */
    Future<Parcel> unpack(Parcel parcel, String blob) {
        if (blob.isEmpty() || parcel.entry().payload().length() > 0) {
            return Future.succeededFuture(parcel);
        }
        return store.get()
                .compose(open -> open.get(blob))
                .compose(found -> found.isPresent()
                        ? Future.succeededFuture(parcel.withPayload(found.get()))
                        : Future.failedFuture(new WalException(
                                ErrorCode.NOT_FOUND,
                                "payload " + blob + ": not in the blob store (expected: there until its message is"
                                        + " settled; another node's embedded store can't be read)")));
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
