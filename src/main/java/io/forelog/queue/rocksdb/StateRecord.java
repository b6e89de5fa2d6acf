package io.forelog.queue.rocksdb;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;

/**
 * A namespace's counters and heads, written with every commit that touches it, so that they always agree with what they
 * count.
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

    static StateRecord empty() {
        return new StateRecord(0, 0, 0, 0, 0, new TreeMap<>());
    }

    byte[] encode() {
        Collection<RouteBacklog> all = routes.values();
        ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + all.size() * RouteBacklog.bytes());
        out.put(VERSION).putLong(nextSequence).putLong(floor).putLong(entries).putLong(storedBytes);
        out.putLong(commitMicros).putShort((short) all.size());
        all.forEach(route -> route.encode(out));
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
        for (int left = in.getShort(); left > 0; left--) {
            RouteBacklog route = RouteBacklog.decode(in);
            routes.put(route.id, route);
        }
        return new StateRecord(next, floor, entries, stored, micros, routes);
    }
}
