package io.forelog.target.evcache;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import io.forelog.target.TargetAdapter;
import io.forelog.target.memcached.ItemCommand;
import io.forelog.target.memcached.MemcachedNode;
import io.forelog.target.memcached.MemcachedOutcomes;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A command a delivery and server group; those of a batch for one node in one write. A batch is answered as soon as the quorum decides
 * all of it, and does not wait for a group that is slow. A delivery that comes again goes only to the groups that have not applied it:
 * the last {@link #REMEMBERED_MAX} that fell short are known. Used on the context it was opened on; bounded by the nodes.
 */
final class EvcacheTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 256;
    static final int REMEMBERED_MAX = 8_192;

    private final NetClient client;
    private final List<ServerGroup> groups;
    private final int quorum;
    private final CanonicalKey key;
    private final ItemCommand command;
    /** The groups that applied an entry which has not its quorum yet, a bit each. */
    private final Map<EntryId, Long> remembered = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<EntryId, Long> eldest) {
            return size() > REMEMBERED_MAX;
        }
    };

    EvcacheTargetAdapter(
            NetClient client, List<ServerGroup> groups, int quorum, CanonicalKey key, ItemCommand command) {
        this.client = client;
        this.groups = groups;
        this.quorum = quorum;
        this.key = key;
        this.command = command;
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    /** What goes to one node: its commands, and which deliveries they are. */
    private record Part(Buffer commands, List<Integer> indexes) {}

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        Tally tally = new Tally(batch.size(), groups.size(), quorum);
        Promise<List<Outcome>> promise = Promise.promise();
        @Nullable Part[][] parts = new @Nullable Part[groups.size()][];
        for (int group = 0; group < parts.length; group++) {
            parts[group] = new @Nullable Part[groups.get(group).size()];
        }
        for (int index = 0; index < batch.size(); index++) {
            add(batch.get(index), index, parts, tally);
        }
        for (int group = 0; group < parts.length; group++) {
            for (int node = 0; node < parts[group].length; node++) {
                Part part = parts[group][node];
                if (part != null) {
                    int from = group;
                    groups.get(group)
                            .node(node)
                            .send(part.commands(), part.indexes().size(), false)
                            .onSuccess(answers -> heard(from, part, answers, batch, tally, promise));
                }
            }
        }
        end(tally, promise);
        return promise.future();
    }

    /** A command for each group that has not applied the entry before. */
    private void add(Delivery delivery, int index, @Nullable Part[][] parts, Tally tally) {
        Entry entry = delivery.entry();
        Buffer one = Buffer.buffer(entry.payload().length() + 64);
        byte[] name;
        try {
            name = key.of(entry);
            command.append(one, entry, name);
        } catch (WalException e) {
            tally.decide(index, Outcome.rejected(ErrorCode.TARGET_REJECTED, String.valueOf(e.getMessage()), false));
            return;
        }
        long applied = 0L;
        if (!remembered.isEmpty()) {
            if (delivery.attempt() == 1) {
                remembered.remove(entry.id()); // from an earlier life: it was redriven
            }
            applied = remembered.getOrDefault(entry.id(), 0L);
        }
        for (int group = 0; group < parts.length; group++) {
            ServerGroup to = groups.get(group);
            if ((applied & 1L << group) != 0) {
                tally.hear(index, group, to.name(), Outcome.applied());
                continue;
            }
            int node = to.nodeOf(name);
            Part part = parts[group][node];
            if (part == null) {
                part = new Part(Buffer.buffer(4_096), new ArrayList<>());
                parts[group][node] = part;
            }
            part.commands().appendBuffer(one);
            part.indexes().add(index);
        }
    }

    private void heard(
            int group,
            Part part,
            MemcachedNode.Answers answers,
            List<Delivery> batch,
            Tally tally,
            Promise<List<Outcome>> promise) {
        ServerGroup from = groups.get(group);
        @Nullable Outcome unanswered = null;
        for (int i = 0; i < answers.lines.length; i++) {
            int index = part.indexes().get(i);
            String line = answers.lines[i];
            if (line == null && unanswered == null) {
                unanswered = MemcachedOutcomes.of(answers.cut());
            }
            Outcome outcome =
                    line == null && unanswered != null ? unanswered : MemcachedOutcomes.of(String.valueOf(line));
            boolean wasApplied = tally.isApplied(index);
            tally.hear(index, group, from.name(), outcome);
            boolean here = outcome.kind() == Outcome.Kind.APPLIED;
            remember(batch.get(index).entry().id(), group, here, tally.isApplied(index), wasApplied);
        }
        for (int each = 0; each < groups.size(); each++) {
            int missed = tally.takeMissed(each);
            if (missed > 0) {
                groups.get(each).missed(missed);
            }
        }
        end(tally, promise);
    }

    private void remember(EntryId id, int group, boolean here, boolean isApplied, boolean wasApplied) {
        if (isApplied) {
            if (!wasApplied && !remembered.isEmpty()) {
                remembered.remove(id);
            }
        } else if (here && quorum > 1) {
            remembered.merge(id, 1L << group, (known, more) -> known | more);
        }
    }

    private static void end(Tally tally, Promise<List<Outcome>> promise) {
        if (tally.isDecided()) {
            promise.tryComplete(Arrays.asList(tally.outcomes()));
        }
    }

    /** Whether so many groups answer that a write can have its quorum. */
    @Override
    public Future<Void> probe() {
        Promise<Void> promise = Promise.promise();
        int[] answered = new int[2];
        for (ServerGroup group : groups) {
            group.probe()
                    .onComplete(
                            there -> {
                                if (++answered[0] == quorum) {
                                    promise.tryComplete();
                                }
                            },
                            failure -> {
                                if (groups.size() - ++answered[1] < quorum) {
                                    promise.tryFail(failure);
                                }
                            });
        }
        return promise.future();
    }

    @Override
    public Future<Void> close() {
        groups.forEach(ServerGroup::close);
        return client.close();
    }
}
