package io.forelog.target.evcache;

import io.forelog.target.Pipeline;
import io.forelog.target.memcached.KetamaRing;
import io.micrometer.core.instrument.Counter;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;

/** A copy of the cache: a ring of nodes. Used on one context; bounded by its nodes. */
final class ServerGroup {
    private static final Buffer VERSION = Buffer.buffer("version\r\n");

    private final String name;
    private final List<Pipeline> nodes;
    private final KetamaRing ring;
    private final Counter missed;

    ServerGroup(String name, List<Pipeline> nodes, KetamaRing ring, Counter missed) {
        this.name = name;
        this.nodes = nodes;
        this.ring = ring;
        this.missed = missed;
    }

    String name() {
        return name;
    }

    int size() {
        return nodes.size();
    }

    Pipeline node(int index) {
        return nodes.get(index);
    }

    int nodeOf(byte[] key) {
        return ring.nodeOf(key);
    }

    void missed(int count) {
        missed.increment(count);
    }

    /** Succeeds where any node answers: the others fail their own keys only. */
    Future<Void> probe() {
        List<Future<Void>> asked = new ArrayList<>(nodes.size());
        for (Pipeline node : nodes) {
            asked.add(node.send(VERSION, 1, true)
                    .compose(answers ->
                            answers.lines[0] != null ? Future.succeededFuture() : Future.failedFuture(answers.cut())));
        }
        return Future.any(asked).mapEmpty();
    }

    void close() {
        nodes.forEach(Pipeline::close);
    }
}
