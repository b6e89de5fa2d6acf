package io.forelog.target.memcached;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import io.forelog.target.Pipeline;
import io.forelog.target.TargetAdapter;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A command a delivery; those of a batch for one node in one write, each with its own outcome. A node that is down fails its own
 * keys only. Used on the context it was opened on; bounded by the nodes.
 */
final class MemcachedTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 256;
    private static final Buffer VERSION = Buffer.buffer("version\r\n");

    private final NetClient client;
    private final List<Pipeline> nodes;
    private final KetamaRing ring;
    private final ItemKey key;
    private final ItemCommand command;

    MemcachedTargetAdapter(NetClient client, List<Pipeline> nodes, KetamaRing ring, ItemKey key, ItemCommand command) {
        this.client = client;
        this.nodes = nodes;
        this.ring = ring;
        this.key = key;
        this.command = command;
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    /** What goes to one node: its commands, and which deliveries they are. */
    private static final class Part {
        final Buffer commands;
        final int[] indexes;
        int count;

        Part(int bytes, int most) {
            commands = Buffer.buffer(bytes);
            indexes = new int[most];
        }
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        @Nullable Outcome[] outcomes = new @Nullable Outcome[batch.size()];
        @Nullable Part[] parts = new @Nullable Part[nodes.size()];
        int bytes = ItemCommand.bytes(batch);
        for (int index = 0; index < outcomes.length; index++) {
            try {
                byte[] name = key.of(batch.get(index).entry());
                int node = ring.nodeOf(name);
                Part part = parts[node];
                if (part == null) {
                    part = new Part(bytes / nodes.size(), outcomes.length);
                    parts[node] = part;
                }
                command.append(part.commands, batch.get(index).entry(), name);
                part.indexes[part.count++] = index;
            } catch (WalException e) {
                outcomes[index] = Outcome.rejected(ErrorCode.TARGET_REJECTED, String.valueOf(e.getMessage()), false);
            }
        }
        List<Future<Void>> sending = new ArrayList<>();
        for (int node = 0; node < parts.length; node++) {
            Part part = parts[node];
            if (part != null && part.count > 0) {
                sending.add(nodes.get(node)
                        .send(part.commands, part.count, false)
                        .map(answers -> take(answers, part, outcomes)));
            }
        }
        return Future.join(sending).map(all -> Arrays.asList(outcomes));
    }

    @SuppressWarnings("NullAway") // the one value that a Future of Void can have
    private static Void take(Pipeline.Answers answers, Part part, @Nullable Outcome[] outcomes) {
        @Nullable Outcome unanswered = null;
        for (int i = 0; i < answers.lines.length; i++) {
            String line = answers.lines[i];
            if (line == null && unanswered == null) {
                unanswered = MemcachedOutcomes.of(answers.cut());
            }
            outcomes[part.indexes[i]] = line == null ? unanswered : MemcachedOutcomes.of(line);
        }
        return null;
    }

    /** Whether any node answers: the others fail their own keys only. */
    @Override
    public Future<Void> probe() {
        List<Future<Void>> asked = new ArrayList<>();
        for (Pipeline node : nodes) {
            asked.add(node.send(VERSION, 1, true)
                    .compose(answers -> answers.lines[0] != null || answers.cut() instanceof Pipeline.Refused
                            ? Future.succeededFuture()
                            : Future.failedFuture(answers.cut())));
        }
        return Future.any(asked).mapEmpty();
    }

    @Override
    public Future<Void> close() {
        nodes.forEach(Pipeline::close);
        return client.close();
    }
}
