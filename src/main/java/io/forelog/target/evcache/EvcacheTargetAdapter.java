package io.forelog.target.evcache;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import io.forelog.target.Pipeline;
import io.forelog.target.TargetAdapter;
import io.forelog.target.memcached.ItemCommand;
import io.forelog.target.memcached.MemcachedOutcomes;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
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
    private static final byte[] NOTHING = {};

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

    /** The commands of a batch, one behind the other: of member {@code i} from {@code ends[i - 1]} to {@code ends[i]}. */
    private static final class Commands {
        final Buffer all;
        final int[] ends;
        /** The keys; empty of what was rejected, which has no command. */
        final byte[][] names;

        int count;

        Commands(List<Delivery> batch) {
            all = Buffer.buffer(ItemCommand.bytes(batch));
            ends = new int[batch.size()];
            names = new byte[batch.size()][];
        }
    }

    /** What goes to one node: its commands, and which deliveries they are. */
    private static final class Part {
        final Buffer commands;
        final int[] indexes;
        int count;

        Part(Buffer commands, int most) {
            this.commands = commands;
            this.indexes = new int[most];
        }
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        Tally tally = new Tally(batch.size(), groups.size(), quorum);
        Promise<List<Outcome>> promise = Promise.promise();
        Commands commands = commands(batch, tally);
        long @Nullable [] applied = remembered.isEmpty() ? null : applied(batch);
        for (int group = 0; group < groups.size(); group++) {
            @Nullable Part[] parts = parts(group, commands, applied, tally);
            for (int node = 0; node < parts.length; node++) {
                Part part = parts[node];
                if (part != null && part.count > 0) {
                    int from = group;
                    groups.get(group)
                            .node(node)
                            .send(part.commands, part.count, false)
                            .onSuccess(answers -> heard(from, part, answers, batch, tally, promise));
                }
            }
        }
        end(tally, promise);
        return promise.future();
    }

    private Commands commands(List<Delivery> batch, Tally tally) {
        Commands commands = new Commands(batch);
        for (int index = 0; index < batch.size(); index++) {
            Entry entry = batch.get(index).entry();
            try {
                byte[] name = key.of(entry);
                command.append(commands.all, entry, name);
                commands.names[index] = name;
                commands.count++;
            } catch (WalException e) {
                commands.names[index] = NOTHING;
                tally.decide(index, Outcome.rejected(ErrorCode.TARGET_REJECTED, String.valueOf(e.getMessage()), false));
            }
            commands.ends[index] = commands.all.length();
        }
        return commands;
    }

    /** The groups that applied each before, a bit each. */
    private long[] applied(List<Delivery> batch) {
        long[] applied = new long[batch.size()];
        for (int index = 0; index < applied.length; index++) {
            Delivery delivery = batch.get(index);
            if (delivery.attempt() == 1) {
                remembered.remove(delivery.entry().id()); // from an earlier life: it was redriven
            }
            applied[index] = remembered.getOrDefault(delivery.entry().id(), 0L);
        }
        return applied;
    }

    /** The commands of one group for each of its nodes, but for what it has applied before. */
    private @Nullable Part[] parts(int group, Commands commands, long @Nullable [] applied, Tally tally) {
        ServerGroup to = groups.get(group);
        @Nullable Part[] parts = new @Nullable Part[to.size()];
        boolean whole = to.size() == 1 && applied == null;
        if (whole) {
            parts[0] = new Part(commands.all, commands.count); // shared by such groups: nobody changes it any more
        }
        int size = commands.ends.length;
        for (int index = 0; index < size; index++) {
            byte[] name = commands.names[index];
            if (name.length == 0) {
                continue;
            }
            if (applied != null && (applied[index] & 1L << group) != 0) {
                tally.hear(index, group, to.name(), Outcome.applied());
                continue;
            }
            int node = to.nodeOf(name);
            Part part = parts[node];
            if (part == null) {
                part = new Part(Buffer.buffer(commands.all.length() / to.size()), size);
                parts[node] = part;
            }
            if (!whole) {
                int from = index == 0 ? 0 : commands.ends[index - 1];
                part.commands.appendBuffer(commands.all, from, commands.ends[index] - from);
            }
            part.indexes[part.count++] = index;
        }
        return parts;
    }

    private void heard(
            int group,
            Part part,
            Pipeline.Answers answers,
            List<Delivery> batch,
            Tally tally,
            Promise<List<Outcome>> promise) {
        ServerGroup from = groups.get(group);
        @Nullable Outcome unanswered = null;
        for (int i = 0; i < answers.lines.length; i++) {
            int index = part.indexes[i];
            String line = answers.lines[i];
            if (line == null && unanswered == null) {
                unanswered = MemcachedOutcomes.of(answers.cut());
            }
            Outcome outcome =
                    line == null && unanswered != null ? unanswered : MemcachedOutcomes.of(String.valueOf(line));
            tally.hear(index, group, from.name(), outcome);
            remember(batch, index, tally);
        }
        for (int each = 0; each < groups.size(); each++) {
            int missed = tally.takeMissed(each);
            if (missed > 0) {
                groups.get(each).missed(missed);
            }
        }
        end(tally, promise);
    }

    /** Once all groups have said something: what comes before they did is no retry. */
    private void remember(List<Delivery> batch, int index, Tally tally) {
        if (tally.comesAgain(index)) {
            long applied = tally.appliedBits(index);
            if (applied != 0) {
                remembered.put(batch.get(index).entry().id(), applied);
            }
        } else if (!remembered.isEmpty() && tally.isApplied(index)) {
            remembered.remove(batch.get(index).entry().id());
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
