package io.forelog.queue.rocksdb;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A namespace's counters and heads, written with every commit that touches it, so that they always agree with what they
 * count. Behind the routes what was moved in and out of each, which records of versions before 0.2 do not have.
 *
 * @param floor the log begins here
 */
record StateRecord(
        long nextSequence,
        long floor,
        long entries,
        long storedBytes,
        long commitMicros,
        Map<Integer, RouteBacklog> routes) {
    private static final byte VERSION = 1;
    private static final int HEADER_BYTES = 1 + 8 * 5 + 2;
    private static final int MOVED_BYTES = 2 * 8;

    static StateRecord empty() {
        return new StateRecord(0, 0, 0, 0, 0, new TreeMap<>());
    }

    byte[] encode() {
        Collection<RouteBacklog> all = routes.values();
        ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + all.size() * (RouteBacklog.bytes() + MOVED_BYTES));
        out.put(VERSION).putLong(nextSequence).putLong(floor).putLong(entries).putLong(storedBytes);
        out.putLong(commitMicros).putShort((short) all.size());
        all.forEach(route -> route.encode(out));
        all.forEach(route -> out.putLong(route.movedIn).putLong(route.movedOut));
        return out.array();
    }

    static StateRecord decode(byte[] value) {
        ByteBuffer in = ByteBuffer.wrap(value);
        in.get();
        long next = in.getLong();
        long floor = in.getLong();
        long entries = in.getLong();
        long stored = in.getLong();
        long micros = in.getLong();
        Map<Integer, RouteBacklog> routes = new TreeMap<>();
        List<RouteBacklog> inOrder = new ArrayList<>();
        for (int left = in.getShort(); left > 0; left--) {
            RouteBacklog route = RouteBacklog.decode(in);
            routes.put(route.id, route);
            inOrder.add(route);
        }
        if (in.remaining() >= inOrder.size() * MOVED_BYTES) {
            inOrder.forEach(route -> {
                route.movedIn = in.getLong();
                route.movedOut = in.getLong();
            });
        }
        return new StateRecord(next, floor, entries, stored, micros, routes);
    }
}
