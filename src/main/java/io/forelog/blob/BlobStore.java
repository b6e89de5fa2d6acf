package io.forelog.blob;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.Optional;

/**
 * Keeps payloads by id until they are deleted. Any thread; futures end on the caller's context and always end, those of a store
 * behind a network within a time limit of its own. It bounds nothing itself: a caller bounds what it has under way.
 */
public interface BlobStore {
    /** Durable when it ends; replaces what was there. On failure it is unknown whether it was written. */
    Future<Void> put(String id, Buffer content);

    /** Empty where there is none. */
    Future<Optional<Buffer>> get(String id);

    /** Nothing happens where there is none. Need not be durable when it ends: an orphan is collected by its age. */
    Future<Void> delete(String id);

    /** Deletes up to {@code most} of those put longer than {@code age} ago, oldest first; answers how many. */
    Future<Integer> collect(Duration age, int most);

    Future<Void> close();
}
