/** Blobs in a RocksDB on this node's disk. */
@NullMarked
package io.forelog.blob.rocksdb;

import org.jspecify.annotations.NullMarked;
