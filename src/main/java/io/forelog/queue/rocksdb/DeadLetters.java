package io.forelog.queue.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.WalException;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.Page;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksIterator;

/** Lists dead letters. Their id is time of death, route and sequence in hexadecimal, so that ids sort as they died. A worker's thread. */
final class DeadLetters {
    /** Of a page: the largest payload, and so of one letter at least. */
    static final int PAGE_BYTES = 16 << 20;

    private static final int ID_LENGTH = 16 + 1 + 4 + 1 + 16;

    private final Database database;

    DeadLetters(Database database) {
        this.database = database;
    }

    /** What an id names. */
    record Named(int route, Place place) {}

    static String id(int route, Place place) {
        return String.format(Locale.ROOT, "%016x-%04x-%016x", place.micros(), route, place.sequence());
    }

    /** Null where it is no id of ours. */
    static @Nullable Named parse(String id) {
        if (id.length() != ID_LENGTH || id.charAt(16) != '-' || id.charAt(21) != '-') {
            return null;
        }
        try {
            return new Named(
                    Integer.parseInt(id.substring(17, 21), 16),
                    Place.dead(Long.parseLong(id.substring(0, 16), 16), Long.parseLong(id.substring(22), 16)));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** A page ends after {@code limit} letters, or {@value #PAGE_BYTES} bytes of them. */
    Page<DeadLetter> list(int namespace, String name, List<Integer> routes, DeadLetterCursor after, int limit) {
        List<Listed> all = new ArrayList<>();
        for (int route : routes) {
            if (after.route() < 0 || after.route() == route) {
                collect(namespace, route, after.afterId(), limit + 1, all);
            }
        }
        all.sort(Comparator.comparing(Listed::id));
        List<DeadLetter> page = new ArrayList<>();
        long bytes = 0;
        int looked = 0;
        while (looked < Math.min(limit, all.size()) && bytes < PAGE_BYTES) {
            Listed next = all.get(looked++);
            byte[] value = database.get(Family.DEAD, next.place().key(namespace, next.route()));
            if (value != null) { // else it went since
                page.add(letter(name, next.route(), next.place(), value));
                bytes += value.length;
            }
        }
        boolean more = looked > 0 && looked < all.size();
        return new Page<>(List.copyOf(page), more ? all.get(looked - 1).id() : "");
    }

    /** One that is there, without what it holds. */
    private record Listed(String id, int route, Place place) {}

    private void collect(int namespace, int route, String afterId, int most, List<Listed> into) {
        byte[] prefix = Keys.route(namespace, route);
        int left = most;
        try (ReadOptions read = new ReadOptions();
                RocksIterator at = database.iterator(Family.DEAD, read)) {
            for (at.seek(start(namespace, route, afterId));
                    left > 0 && at.isValid() && Housekeeping.startsWith(at.key(), prefix);
                    at.next()) {
                Place place = Place.dead(Keys.longAt(at.key(), 6), Keys.longAt(at.key(), 14));
                String id = id(route, place);
                if (id.compareTo(afterId) > 0) {
                    into.add(new Listed(id, route, place));
                    left--;
                }
            }
        }
    }

    private static byte[] start(int namespace, int route, String afterId) {
        if (afterId.isEmpty()) {
            return Keys.route(namespace, route);
        }
        Named after = parse(afterId);
        if (after == null) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT, "cursor: '" + afterId + "' (expected: what a page before answered)");
        }
        return Keys.timed(namespace, route, after.place().micros(), 0);
    }

    Optional<DeadLetter> get(int namespace, String name, String id) {
        Named named = parse(id);
        if (named == null) {
            return Optional.empty();
        }
        byte[] value = database.get(Family.DEAD, named.place().key(namespace, named.route()));
        return value == null ? Optional.empty() : Optional.of(letter(name, named.route(), named.place(), value));
    }

    private static DeadLetter letter(String name, int route, Place place, byte[] value) {
        Obligations.Stored stored = Obligations.decode(name, value);
        Failure cause = stored.last() == null
                ? new Failure(place.micros(), ErrorCode.INTERNAL, "cause not stored")
                : stored.last();
        return new DeadLetter(
                id(route, place),
                stored.entry(),
                route,
                stored.attempts(),
                stored.first(),
                cause,
                place.micros(),
                stored.redrives());
    }
}
