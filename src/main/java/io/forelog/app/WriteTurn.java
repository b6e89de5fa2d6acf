package io.forelog.app;

import io.forelog.cluster.Member;
import io.forelog.config.Namespace;
import io.forelog.config.Since;
import java.util.List;

/**
 * Judges whether a node may take writes for a namespace with order: whether none that it takes now can be overtaken by one that another
 * takes in an older way afterwards. Of two nodes at least one sees the other: each tells in the registry what it has applied, and
 * only then reads what the others have told. Stateless.
 */
final class WriteTurn {
    private WriteTurn() {}

    /**
     * @param self this node's name, and {@code shard} its shard
     * @param members as the registry was last read, this node among them; empty = never: then nothing changes
     * @param missed this node said that it stops, and the others may have gone on without it since
     */
    static boolean isGiven(String self, String shard, List<Member> members, Namespace namespace, boolean missed) {
        String name = namespace.name();
        List<Member> others =
                members.stream().filter(member -> !member.name().equals(self)).toList();
        if (missed && (members.isEmpty() || isBehind(others, namespace))) {
            return false;
        }
        if (members.isEmpty()) {
            return true;
        }
        long since = since(others, namespace);
        return (since <= 1 || hasToldSince(self, members, name, since))
                && others.stream()
                        .allMatch(member -> member.shard().equals(shard)
                                ? since <= 1 || member.hasApplied(name, since, shard)
                                : member.hasApplied(name, namespace.revision(), shard));
    }

    /** Another takes writes in a way that this node does not know yet. */
    static boolean isBehind(List<Member> others, Namespace namespace) {
        return others.stream().anyMatch(member -> member.since(namespace.name()) > namespace.revision());
    }

    private static boolean hasToldSince(String self, List<Member> members, String namespace, long since) {
        return members.stream()
                .anyMatch(
                        member -> member.name().equals(self) && member.applied().getOrDefault(namespace, 0L) >= since);
    }

    /** A node that came with this revision knows of none before; another may. */
    private static long since(List<Member> others, Namespace namespace) {
        return others.stream()
                .filter(member -> member.applied().getOrDefault(namespace.name(), 0L) == namespace.revision())
                .mapToLong(member -> member.since(namespace.name()))
                .filter(since -> since > 0)
                .reduce(of(namespace), Math::min);
    }

    /** The first revision that is written and delivered as {@code namespace} is. */
    static long of(Namespace namespace) {
        Since since = namespace.since();
        // Of an embedded queue one node takes all writes, in whatever order it delivers them.
        return Placement.isPinned(namespace) ? since.queues() : Math.max(since.ordered(), since.queues());
    }
}
