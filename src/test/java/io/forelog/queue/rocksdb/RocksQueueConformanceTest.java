package io.forelog.queue.rocksdb;

import io.forelog.queue.Queue;
import io.forelog.queue.QueueConformance;
import io.forelog.queue.QueueSpec;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

class RocksQueueConformanceTest extends QueueConformance {
    private static Vertx vertx;

    @TempDir
    private Path folder;

    private final List<RocksNode> nodes = new ArrayList<>();

    @BeforeAll
    static void startVertx() {
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void stopVertx() throws Exception {
        await(vertx.close());
    }

    @AfterEach
    void closeNodes() throws Exception {
        for (RocksNode node : nodes) {
            node.close();
        }
    }

    @Override
    protected Queue open(QueueSpec spec) throws Exception {
        RocksNode node = new RocksNode(vertx, folder.resolve("node-0"), ticker, Map.of());
        nodes.add(node);
        return node.open(spec);
    }

    @Override
    protected Queue crashAndReopen(Queue queue) throws Exception {
        RocksNode dead = nodes.get(nodes.size() - 1);
        RocksNode next = dead.crashInto(folder.resolve("node-" + nodes.size()));
        nodes.add(next);
        return next.open(queue.spec());
    }

    @Override
    protected void ticked(Queue queue) {
        RocksNode.wake(queue);
    }
}
