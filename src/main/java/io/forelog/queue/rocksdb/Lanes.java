package io.forelog.queue.rocksdb;

import io.forelog.model.Delivery;
import io.forelog.queue.ParkedKey;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksIterator;

/** Reads parked lanes: which there are on a worker's thread, the head of one on the committer's, since it claims. */
final class Lanes {
    private final Database database;

    Lanes(Database database) {
        this.database = database;
    }

    List<ParkedKey> keys(int namespace, String name, int route, int max) {
        List<ParkedKey> keys = new ArrayList<>();
        byte[] prefix = Keys.route(namespace, route);
        try (ReadOptions read = new ReadOptions();
                RocksIterator at = database.iterator(Family.LANE, read)) {
            at.seek(prefix);
            while (keys.size() < max && at.isValid() && Housekeeping.startsWith(at.key(), prefix)) {
                Obligations.Stored head = Obligations.decode(name, at.value());
                keys.add(new ParkedKey(head.entry().key(), head.nextMicros()));
                at.seek(Keys.after(java.util.Arrays.copyOf(at.key(), at.key().length - 16)));
            }
        }
        return keys;
    }

    /** Claims the first that nobody has claimed. */
    List<Delivery> take(Backlog backlog, int routeId, Buffer key, int max) {
        List<Delivery> taken = new ArrayList<>();
        RouteBacklog route = backlog.route(routeId);
        byte[] laneKey = Keys.laneKey(key);
        byte[] prefix = Keys.lanePrefix(backlog.number, routeId, laneKey);
        try (ReadOptions read = new ReadOptions();
                RocksIterator at = database.iterator(Family.LANE, read)) {
            for (at.seek(prefix);
                    taken.size() < max && at.isValid() && Housekeeping.startsWith(at.key(), prefix);
                    at.next()) {
                byte[] found = at.key();
                long due = Keys.longAt(found, prefix.length);
                long sequence = Keys.longAt(found, prefix.length + 8);
                Place place = Place.lane(due, sequence, laneKey);
                if (route.laneClaims.putIfAbsent(sequence, route.claims + 1) == null) {
                    Timer parked = Timer.of(due, sequence, Obligations.decode(backlog.name, at.value()));
                    taken.add(Dispenser.delivery(backlog, routeId, parked, place, ++route.claims));
                }
            }
        }
        return taken;
    }
}
