package io.forelog.table;

import io.forelog.model.Ticker;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;

/** Makes one type of table store available; found by {@link java.util.ServiceLoader}. Any thread. */
public interface TableProvider {
    /** The name in configuration, lower case. */
    String type();

    /** Opens the store of this node below {@code directory}, which it may create. */
    Future<TableStore> open(Vertx vertx, Path directory, Ticker ticker);
}
