package io.forelog.table;

import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/**
 * The table stores of this node, each opened once, when it is first asked for, and shared by all that use it. Any thread;
 * owned and closed by the node.
 */
public final class Tables {
    /** The store a node has without configuration. */
    public static final String EMBEDDED = "rocksdb";

    private final Vertx vertx;
    private final Path directory;
    private final Ticker ticker;
    private final Map<String, Future<TableStore>> open = new TreeMap<>();

    /** @param directory what the embedded store lies in */
    public Tables(Vertx vertx, Path directory, Ticker ticker) {
        this.vertx = vertx;
        this.directory = directory;
        this.ticker = ticker;
    }

    /** A store that failed to open is tried anew. */
    public synchronized Future<TableStore> open(String type) {
        Future<TableStore> known = open.get(type);
        if (known != null && !known.failed()) {
            return known;
        }
        Future<TableStore> opening = provider(type).open(vertx, directory, ticker);
        open.put(type, opening);
        return opening;
    }

    private static TableProvider provider(String type) {
        List<String> known = new ArrayList<>();
        for (TableProvider provider : ServiceLoader.load(TableProvider.class)) {
            if (provider.type().equals(type)) {
                return provider;
            }
            known.add(provider.type());
        }
        throw new WalException(
                ErrorCode.INVALID_ARGUMENT, "table store: " + type + " (expected: one of " + known + ")");
    }

    /**
     * Copies the embedded store to {@code copy}, which must not exist; nothing where this node has no tables. One that
     * lies on the disk and was not asked for yet is opened.
     */
    public Future<Void> backup(Path copy) {
        return Files.isDirectory(directory)
                ? open(EMBEDDED).compose(store -> store.backup(copy))
                : Future.succeededFuture();
    }

    /** Closes what was opened: after those that use it, before Vert.x. */
    public synchronized Future<Void> close() {
        List<Future<Void>> closing = new ArrayList<>();
        open.values()
                .forEach(store -> closing.add(store.compose(TableStore::close).otherwiseEmpty()));
        open.clear();
        return Future.all(closing).mapEmpty();
    }
}
