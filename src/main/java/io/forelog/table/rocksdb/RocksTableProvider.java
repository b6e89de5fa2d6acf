package io.forelog.table.rocksdb;

import io.forelog.model.Ticker;
import io.forelog.table.TableProvider;
import io.forelog.table.TableStore;
import io.forelog.table.Tables;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;

/** The embedded table store. Stateless, any thread. */
public final class RocksTableProvider implements TableProvider {
    @Override
    public String type() {
        return Tables.EMBEDDED;
    }

    @Override
    public Future<TableStore> open(Vertx vertx, Path directory, Ticker ticker) {
        return vertx.executeBlocking(() -> RocksTableStore.open(vertx, directory, ticker));
    }
}
