package io.forelog.queue.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.Folders;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.observe.MetricNames;
import io.forelog.queue.MediumHealth;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueSpec;
import io.micrometer.core.instrument.Gauge;
import io.vertx.core.Future;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The databases of one node below {@code <data>/queue}: {@code shared}, and {@code own/<namespace>} for those that asked for
 * one. A database that can't be opened stops its own namespaces only. Opening and closing run one after another on
 * blocking threads; the maps below are guarded by this.
 */
final class RocksMedium implements QueueMedium {
    private static final Logger LOG = LoggerFactory.getLogger(RocksMedium.class);
    private static final String SHARED = "shared";
    private static final long WATCH_MILLIS = 500;

    private final MediumOptions node;
    private final Path folder;
    private final RocksSettings settings;
    private final RocksOptions options;
    private final DiskWatch disk;
    private final Worker diskWorker = new Worker("forelog-queue-disk");
    private final long watch;
    private final Map<String, Store> stores = new HashMap<>();
    private final Map<String, WalException> corrupt = new HashMap<>();
    private final Map<String, List<String>> stopped = new HashMap<>();
    private final Map<String, RocksQueue> queues = new HashMap<>();

    /** Blocking. {@code free}: bytes free on the file system; null = ask it. */
    RocksMedium(MediumOptions node, @Nullable LongSupplier free) throws IOException {
        this.node = node;
        this.settings = RocksSettings.of(node.settings());
        this.folder = node.dataDirectory().resolve("queue");
        Folders.make(folder);
        NativeLibrary.load(node.dataDirectory().resolve("native"));
        this.options = new RocksOptions(folder);
        FileStore fileStore = Files.getFileStore(folder);
        this.disk = new DiskWatch(
                folder, settings, free == null ? () -> usable(fileStore) : free, fileStore.getTotalSpace());
        disk.check();
        openShared();
        watch = node.vertx().setPeriodic(WATCH_MILLIS, id -> diskWorker.run(disk::check));
        Gauge.builder(MetricNames.FREE_BYTES, disk, DiskWatch::freeBytes).register(node.metrics());
    }

    private static long usable(FileStore fileStore) {
        try {
            return fileStore.getUsableSpace();
        } catch (IOException e) {
            LOG.atWarn().addKeyValue(LogKeys.REASON, e.getMessage()).log("free space unknown");
            return Long.MAX_VALUE;
        }
    }

    // Found at the start, not with the first namespace, so that the node's health shows it.
    private void openShared() {
        try {
            store(SHARED, folder.resolve(SHARED));
        } catch (WalException e) {
            if (e.code() != ErrorCode.CORRUPT) {
                throw e;
            }
        }
    }

    DiskWatch disk() {
        return disk;
    }

    private synchronized Store store(String name, Path where) {
        WalException known = corrupt.get(name);
        if (known != null) {
            throw known;
        }
        Store store = stores.get(name);
        if (store == null) {
            try {
                store = new Store(name, where, options, settings, node.ticker(), node.metrics(), disk);
            } catch (WalException e) {
                if (e.code() == ErrorCode.CORRUPT) {
                    corrupt.put(name, e);
                    LOG.atError()
                            .addKeyValue(LogKeys.DATABASE, name)
                            .addKeyValue(LogKeys.FILE, where)
                            .addKeyValue(LogKeys.REASON, e.getMessage())
                            .log("the database is corrupt: its namespaces are stopped");
                }
                throw e;
            }
            stores.put(name, store);
            meter(name);
        }
        return store;
    }

    private void meter(String name) {
        for (MediumHealth.State state : MediumHealth.State.values()) {
            Gauge.builder(MetricNames.DATABASE_STATE, this, medium -> medium.isIn(name, state) ? 1 : 0)
                    .tag("database", name)
                    .tag(MetricNames.OUTCOME, state.name())
                    .register(node.metrics());
        }
    }

    private boolean isIn(String name, MediumHealth.State state) {
        return health().stream().anyMatch(h -> h.name().equals(name) && h.state() == state);
    }

    private static String databaseOf(QueueSpec spec) {
        return spec.ownDatabase() ? "own/" + spec.namespace() : SHARED;
    }

    @Override
    public Future<Queue> open(QueueSpec spec) {
        return blocking(() -> opened(spec)).compose(queue -> queue.update(spec).map(queue));
    }

    private synchronized Queue opened(QueueSpec spec) {
        if (queues.containsKey(spec.namespace())) {
            throw new WalException(
                    ErrorCode.CONFLICT,
                    "namespace " + spec.namespace() + ": its queue is open (expected: opened once)");
        }
        String database = databaseOf(spec);
        Store store;
        try {
            store = store(database, folder.resolve(database));
        } catch (WalException e) {
            stopped.computeIfAbsent(database, name -> new ArrayList<>()).add(spec.namespace());
            throw e;
        }
        RocksQueue queue = new RocksQueue(node.vertx(), store, store.load(spec), this::forget);
        queues.put(spec.namespace(), queue);
        return queue;
    }

    private synchronized Future<Void> forget(RocksQueue queue) {
        String namespace = queue.spec().namespace();
        if (queues.get(namespace) == queue) {
            queues.remove(namespace);
            queue.store().closed(namespace);
        }
        return Future.succeededFuture();
    }

    @Override
    public Future<Void> remove(String namespace) {
        Queue queue = queue(namespace);
        return (queue == null ? Future.<Void>succeededFuture() : queue.close())
                .compose(closed -> blocking(() -> {
                    removed(namespace);
                    return closed;
                }));
    }

    private synchronized @Nullable Queue queue(String namespace) {
        return queues.get(namespace);
    }

    private synchronized void removed(String namespace) {
        Store shared = stores.get(SHARED);
        if (shared != null) {
            shared.remove(namespace);
        }
        String own = "own/" + namespace;
        Store store = stores.remove(own);
        if (store != null) {
            store.close();
        }
        deleteTree(folder.resolve(own));
    }

    private static void deleteTree(Path root) {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new WalException(ErrorCode.INTERNAL, root + ": " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized List<MediumHealth> health() {
        List<MediumHealth> all = new ArrayList<>();
        stores.values().forEach(store -> all.add(store.health()));
        corrupt.forEach((name, why) -> all.add(new MediumHealth(
                name,
                MediumHealth.State.CORRUPT,
                String.valueOf(why.getMessage()),
                List.copyOf(stopped.getOrDefault(name, List.of())),
                disk.freeBytes())));
        return all;
    }

    @Override
    public Future<Void> backup(Path directory) {
        return blocking(() -> {
                    copy(directory);
                    return directory;
                })
                .mapEmpty();
    }

    private synchronized void copy(Path directory) throws IOException, RocksDBException {
        if (Files.exists(directory)) {
            throw new WalException(
                    ErrorCode.CONFLICT, "backup directory " + directory + ": exists (expected: one that does not)");
        }
        for (Store store : stores.values()) {
            store.database().reading().lock();
            try {
                store.database().backup(directory.resolve(store.database().name()));
            } finally {
                store.database().reading().unlock();
            }
        }
    }

    @Override
    public Future<Void> close() {
        node.vertx().cancelTimer(watch);
        return blocking(() -> {
                    closeAll();
                    return folder;
                })
                .mapEmpty();
    }

    private synchronized void closeAll() {
        diskWorker.close();
        stores.values().forEach(Store::close);
        stores.clear();
        queues.clear();
        options.close();
    }

    private <T extends @Nullable Object> Future<T> blocking(Callable<T> what) {
        return node.vertx().executeBlocking(() -> {
            try {
                return what.call();
            } catch (RuntimeException | IOException | RocksDBException e) {
                throw WalException.of(e);
            }
        });
    }
}
