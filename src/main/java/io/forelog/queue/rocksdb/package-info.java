/** The embedded queue: RocksDB, one committer thread a database, group commit. See docs/adr/0003 and docs/adr/0004. */
@NullMarked
package io.forelog.queue.rocksdb;

import org.jspecify.annotations.NullMarked;
