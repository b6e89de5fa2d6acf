/** The embedded table store, a RocksDB of its own. */
@NullMarked
package io.forelog.table.rocksdb;

import org.jspecify.annotations.NullMarked;
