package io.forelog.table.rocksdb;

import io.forelog.table.TableWrite;
import io.forelog.table.WriteEffect;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * Applies a group of requests in one batch and one sync: reads what stands for all their keys at once, folds the writes
 * in, writes what has changed. Used by the store's one writing thread; keeps nothing between groups but the names of the
 * tables, at most a thousand.
 */
final class GroupWrite {
    private static final int TABLES_MAX = 1_000;

    private final Sweep sweep;
    private final Map<String, byte[]> tables = new HashMap<>();

    GroupWrite(Sweep sweep) {
        this.sweep = sweep;
    }

    /** One item of the group. */
    private static final class Slot {
        final StoredKey key;

        @Nullable
        StoredItem item;

        boolean changed;

        Slot(StoredKey key) {
            this.key = key;
        }
    }

    /** A list of effects a request. On an exception it is not known what was written. */
    List<List<WriteEffect>> write(TableDatabase db, List<RocksTableStore.Request> requests) throws RocksDBException {
        Map<StoredKey, Slot> slots = new HashMap<>();
        List<Slot[]> places = new ArrayList<>(requests.size());
        List<byte[]> keys = new ArrayList<>();
        List<Slot> order = new ArrayList<>();
        for (RocksTableStore.Request request : requests) {
            Slot[] place = new Slot[request.writes().size()];
            for (int i = 0; i < place.length; i++) {
                TableWrite write = request.writes().get(i);
                StoredKey key = StoredKey.of(table(write.table()), write.id(), write.key());
                Slot slot = slots.get(key);
                if (slot == null) {
                    slot = new Slot(key);
                    slots.put(key, slot);
                    keys.add(key.bytes);
                    order.add(slot);
                }
                place[i] = slot;
            }
            places.add(place);
        }
        read(db, keys, order);
        List<List<WriteEffect>> effects = fold(requests, places);
        store(db, order);
        return effects;
    }

    private byte[] table(String name) {
        byte[] prefix = tables.get(name);
        if (prefix == null) {
            if (tables.size() >= TABLES_MAX) {
                tables.clear();
            }
            prefix = StoredKey.table(name);
            tables.put(name, prefix);
        }
        return prefix;
    }

    private static void read(TableDatabase db, List<byte[]> keys, List<Slot> slots) throws RocksDBException {
        List<byte @Nullable []> found = db.get(keys);
        for (int i = 0; i < found.size(); i++) {
            byte[] bytes = found.get(i);
            if (bytes != null) {
                slots.get(i).item = StoredItem.of(bytes);
            }
        }
    }

    private List<List<WriteEffect>> fold(List<RocksTableStore.Request> requests, List<Slot[]> places) {
        List<List<WriteEffect>> all = new ArrayList<>(requests.size());
        for (int r = 0; r < requests.size(); r++) {
            List<TableWrite> writes = requests.get(r).writes();
            Slot[] place = places.get(r);
            WriteEffect[] effects = new WriteEffect[place.length];
            for (int i = 0; i < place.length; i++) {
                effects[i] = fold(place[i], writes.get(i));
            }
            all.add(Arrays.asList(effects));
        }
        return all;
    }

    private WriteEffect fold(Slot slot, TableWrite write) {
        if (slot.item == null
                && write.kind() != TableWrite.Kind.DELETE
                && sweep.tooOld(write.table(), write.version().micros())) {
            return WriteEffect.TOO_OLD;
        }
        StoredItem merged = StoredItem.merge(slot.item, write);
        if (merged == null) {
            return WriteEffect.SUPERSEDED;
        }
        slot.item = merged;
        slot.changed = true;
        return WriteEffect.WRITTEN;
    }

    private static void store(TableDatabase db, List<Slot> slots) throws RocksDBException {
        try (WriteBatch batch = new WriteBatch()) {
            for (Slot slot : slots) {
                if (slot.changed && slot.item != null) {
                    batch.put(slot.key.bytes, slot.item.bytes());
                }
            }
            if (batch.count() > 0) {
                db.write(batch);
            }
        }
    }
}
