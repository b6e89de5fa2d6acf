package io.forelog.queue.rocksdb;

import org.jspecify.annotations.Nullable;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;

/** Walks one namespace's index from a commit time on; sequences and commit times ascend together. One thread, one use. */
final class LogTimes implements AutoCloseable {
    private final int namespace;
    private final Slice end;
    private final ReadOptions read;
    private final RocksIterator at;

    LogTimes(Database database, int namespace) {
        this.namespace = namespace;
        this.end = new Slice(Keys.namespace(namespace + 1));
        this.read = new ReadOptions().setIterateUpperBound(end);
        this.at = database.iterator(Family.INDEX, read);
    }

    /** The first record committed at {@code micros} or later, found by halving. */
    @Nullable
    IndexRecord firstFrom(long micros) {
        at.seek(Keys.namespace(namespace));
        IndexRecord first = current();
        if (first == null || first.commitMicros() >= micros) {
            return first;
        }
        at.seekToLast();
        IndexRecord last = current();
        long low = first.first();
        long high = last == null ? low : last.end();
        while (low < high) {
            long middle = low + (high - low) / 2;
            at.seek(Keys.log(namespace, middle));
            IndexRecord record = current();
            if (record == null || record.commitMicros() >= micros) {
                high = middle;
            } else {
                low = Math.max(middle + 1, record.first() + 1);
            }
        }
        return from(low);
    }

    /** The first record at {@code sequence} or behind it. */
    @Nullable
    IndexRecord from(long sequence) {
        at.seek(Keys.log(namespace, sequence));
        return current();
    }

    /** The record that holds {@code sequence}, or the first behind it. */
    @Nullable
    IndexRecord holding(long sequence) {
        at.seekForPrev(Keys.log(namespace, sequence));
        IndexRecord record = at.isValid() && Keys.longAt(at.key(), 0) >>> 32 == namespace ? current() : null;
        return record == null || record.end() <= sequence ? from(sequence) : record;
    }

    @Nullable
    IndexRecord next() {
        at.next();
        return current();
    }

    private @Nullable IndexRecord current() {
        return at.isValid() && Keys.longAt(at.key(), 0) >>> 32 == namespace
                ? IndexRecord.decode(Keys.longAt(at.key(), 4), at.value())
                : null;
    }

    @Override
    public void close() {
        at.close();
        read.close();
        end.close();
    }
}
