package io.forelog.queue.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class StateRecordTest {
    private static RouteBacklog route(int id) {
        RouteBacklog route = new RouteBacklog(id, 7, 9);
        route.accepted = 10L + id;
        route.deadStored = 3;
        route.movedIn = 100L + id;
        route.movedOut = 200L + id;
        return route;
    }

    private static StateRecord record() {
        TreeMap<Integer, RouteBacklog> routes = new TreeMap<>();
        routes.put(1, route(1));
        routes.put(2, route(2));
        return new StateRecord(5, 4, 3, 2, 1, routes);
    }

    @Test
    void keepsWhatWasMovedInAndOut() {
        StateRecord read = StateRecord.decode(record().encode());
        assertThat(read.routes().get(2).movedIn).isEqualTo(102);
        assertThat(read.routes().get(1).movedOut).isEqualTo(201);
    }

    @Test
    void readsARecordOfTheVersionThatMovedNothing() {
        byte[] now = record().encode();
        StateRecord read = StateRecord.decode(Arrays.copyOf(now, now.length - 2 * 16));
        assertThat(read.routes()).containsOnlyKeys(1, 2);
        assertThat(read.routes().get(2).accepted).isEqualTo(12);
        assertThat(read.routes().get(2).deadStored).isEqualTo(3);
        assertThat(read.routes().get(2).movedIn).isZero();
        assertThat(read.nextSequence()).isEqualTo(5);
    }
}
