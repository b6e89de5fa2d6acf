package io.forelog.table;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tables of one store. Any thread may call; a future ends on the context that called. What may wait is bounded: beyond
 * it {@link #apply} fails with OVERLOADED and had no effect.
 */
public interface TableStore {
    /**
     * Effects in the order of {@code writes}, once all are durable. A failed future means that it is not known which of
     * them are: repeat them, which is harmless.
     */
    Future<List<WriteEffect>> apply(List<TableWrite> writes);

    /** Null where the item does not exist. */
    Future<@Nullable Item> get(String table, Buffer id, Buffer key);

    /**
     * Up to {@code limit} items in the order of (id, key), those behind {@code after}; null = from the start. For
     * people and tests: it reads item by item.
     */
    Future<List<Item>> scan(String table, @Nullable Position after, int limit);

    /** Copies the store as it is at one moment, while it is used, to {@code directory}, which must not exist. */
    Future<Void> backup(Path directory);

    /** Ends what waits, then closes. */
    Future<Void> close();

    /** Where a scan goes on. */
    record Position(Buffer id, Buffer key) {}
}
