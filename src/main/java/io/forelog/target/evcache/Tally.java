package io.forelog.target.evcache;

import io.forelog.model.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * What the groups said to the deliveries of one batch, and what comes of it: applied where the quorum applied it; rejected where so many groups
 * reject that the quorum can't be reached; else retry, once all have said something. Owned by one context.
 */
final class Tally {
    private final int groups;
    private final int quorum;
    private final int[] applied;
    private final int[] rejected;
    private final int[] heard;
    private final @Nullable Outcome[] outcomes;
    /** Of the first group that failed, told where it is the reason. */
    private final @Nullable Outcome[] rejections;

    private final @Nullable Outcome[] retries;
    /** The groups that failed, a bit each. */
    private final long[] failed;

    private final int[] missed;
    private int open;

    Tally(int count, int groups, int quorum) {
        this.groups = groups;
        this.quorum = quorum;
        this.applied = new int[count];
        this.rejected = new int[count];
        this.heard = new int[count];
        this.outcomes = new @Nullable Outcome[count];
        this.rejections = new @Nullable Outcome[count];
        this.retries = new @Nullable Outcome[count];
        this.failed = new long[count];
        this.missed = new int[groups];
        this.open = count;
    }

    /** Decides without asking anybody. */
    void decide(int index, Outcome outcome) {
        if (outcomes[index] == null) {
            outcomes[index] = outcome;
            open--;
        }
    }

    /** What one group said. */
    void hear(int index, int group, String name, Outcome outcome) {
        heard[index]++;
        boolean wasApplied = isApplied(index);
        Outcome told = outcome;
        switch (outcome.kind()) {
            case APPLIED -> applied[index]++;
            case REJECTED -> {
                rejected[index]++;
                told = rejections[index] == null ? told(name, outcome) : rejections[index];
                rejections[index] = told;
            }
            case RETRY, DEFERRED -> {
                told = retries[index] == null ? told(name, outcome) : retries[index];
                retries[index] = told;
            }
        }
        if (outcome.kind() != Outcome.Kind.APPLIED) {
            failed[index] |= 1L << group;
            missed[group] += wasApplied ? 1 : 0;
        }
        Outcome rejection = rejections[index];
        Outcome retry = retries[index];
        if (applied[index] >= quorum) {
            decide(index, Outcome.applied());
        } else if (rejection != null && groups - rejected[index] < quorum) {
            decide(index, rejection);
        } else if (heard[index] == groups && retry != null) {
            decide(index, retry);
        }
        if (!wasApplied && isApplied(index)) {
            for (int other = 0; other < groups; other++) {
                missed[other] += (failed[index] & 1L << other) != 0 ? 1 : 0;
            }
        }
    }

    /** How many deliveries {@code group} has failed that were applied all the same, since this was last asked. */
    int takeMissed(int group) {
        int count = missed[group];
        missed[group] = 0;
        return count;
    }

    boolean isDecided() {
        return open == 0;
    }

    boolean isApplied(int index) {
        return outcomes[index] instanceof Outcome.Applied;
    }

    /** Whether all groups have been heard, and it has to be delivered again. */
    boolean comesAgain(int index) {
        return outcomes[index] instanceof Outcome.Retry;
    }

    /** The groups that applied it, a bit each; where all have been heard. */
    long appliedBits(int index) {
        return (groups == Long.SIZE ? -1L : (1L << groups) - 1) & ~failed[index];
    }

    /** In the order of the batch; all decided. */
    @Nullable
    Outcome[] outcomes() {
        return outcomes;
    }

    private static Outcome told(String group, Outcome outcome) {
        if (outcome instanceof Outcome.Rejected no) {
            return Outcome.rejected(no.code(), group + ": " + no.text(), no.storm());
        }
        return outcome instanceof Outcome.Retry retry
                ? Outcome.retry(retry.code(), group + ": " + retry.text(), retry.after())
                : outcome;
    }
}
