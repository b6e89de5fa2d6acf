package io.forelog.table.rocksdb;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * Forgets tombstones, and items that expired, once nothing older can come any more; a small step at a time, from the first
 * key to the last and again. It remembers, a table, the newest version it has forgotten: what is older than that and finds
 * nothing is refused, since it could revive what was deleted. Used by the store's one writing thread.
 */
final class Sweep {
    /** What has expired is kept as long as a tombstone is by default. */
    static final long KEEP_EXPIRED_MICROS = 15L * 86_400 * 1_000_000;

    private static final int STEP = 1_000;
    private static final byte[] FORGOTTEN = "\0forgotten\0".getBytes(StandardCharsets.ISO_8859_1);

    private final Map<String, Long> forgotten = new HashMap<>();
    private byte[] cursor = {1};

    /** Reads what earlier runs remembered. */
    void load(TableDatabase db) {
        try (ReadOptions reading = new ReadOptions();
                RocksIterator all = db.iterator(reading)) {
            for (all.seek(FORGOTTEN); all.isValid() && StoredKey.startsWith(all.key(), FORGOTTEN); all.next()) {
                byte[] key = all.key();
                String table = new String(key, FORGOTTEN.length, key.length - FORGOTTEN.length, StandardCharsets.UTF_8);
                forgotten.put(table, ByteBuffer.wrap(all.value()).getLong());
            }
        }
    }

    /** Whether a write of that time, finding nothing, could be older than a forgotten deletion. */
    boolean tooOld(String table, long micros) {
        Long newest = forgotten.get(table);
        return newest != null && micros <= newest;
    }

    /** Looks at up to a thousand items; answers whether it has come to the end. */
    boolean step(TableDatabase db, long nowMicros) throws RocksDBException {
        try (ReadOptions reading = new ReadOptions();
                RocksIterator all = db.iterator(reading);
                WriteBatch batch = new WriteBatch()) {
            all.seek(cursor);
            Map<String, Long> newest = new HashMap<>();
            for (int looked = 0; looked < STEP && all.isValid(); looked++, all.next()) {
                StoredItem item = StoredItem.of(all.value());
                if (item.forgetMicros(KEEP_EXPIRED_MICROS) <= nowMicros) {
                    byte[] key = all.key();
                    batch.delete(key);
                    newest.merge(tableOf(key), item.newest().micros(), Math::max);
                }
            }
            all.status();
            cursor = all.isValid() ? all.key() : new byte[] {1};
            forget(db, batch, newest);
            return !all.isValid();
        }
    }

    private void forget(TableDatabase db, WriteBatch batch, Map<String, Long> newest) throws RocksDBException {
        if (batch.count() == 0) {
            return;
        }
        for (Map.Entry<String, Long> table : newest.entrySet()) {
            long micros = Math.max(table.getValue(), forgotten.getOrDefault(table.getKey(), Long.MIN_VALUE));
            table.setValue(micros);
            byte[] name = table.getKey().getBytes(StandardCharsets.UTF_8);
            byte[] key = Arrays.copyOf(FORGOTTEN, FORGOTTEN.length + name.length);
            System.arraycopy(name, 0, key, FORGOTTEN.length, name.length);
            batch.put(key, ByteBuffer.allocate(8).putLong(micros).array());
        }
        forgotten.putAll(newest);
        db.write(batch);
    }

    private static String tableOf(byte[] key) {
        return new String(key, 1, key[0] & 0xFF, StandardCharsets.UTF_8);
    }
}
