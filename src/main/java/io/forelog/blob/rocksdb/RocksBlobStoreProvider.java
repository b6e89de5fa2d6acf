package io.forelog.blob.rocksdb;

import io.forelog.blob.BlobOptions;
import io.forelog.blob.BlobStore;
import io.forelog.blob.BlobStoreProvider;
import io.forelog.model.ConfigSchema;
import io.vertx.core.Future;
import io.vertx.core.WorkerExecutor;

/** {@code type: embedded}: readable on this node only. Any thread. */
public final class RocksBlobStoreProvider implements BlobStoreProvider {
    private static final int THREADS = 2;

    @Override
    public String type() {
        return "embedded";
    }

    @Override
    public ConfigSchema schema() {
        return ConfigSchema.EMPTY;
    }

    @Override
    public Future<BlobStore> open(BlobOptions options) {
        WorkerExecutor threads = options.vertx().createSharedWorkerExecutor("forelog-blobs", THREADS);
        return threads.executeBlocking(
                () -> new RocksBlobStore(BlobDatabase.open(options.directory()), threads, options.ticker()), false);
    }
}
