/** The embedded queue: RocksDB, one committer thread a database, group commit. See docs/adr/0003 to 0006. */
@NullMarked
package io.forelog.queue.rocksdb;

import org.jspecify.annotations.NullMarked;
