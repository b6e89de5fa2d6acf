package io.forelog.queue.rocksdb;

import io.forelog.model.Entry;
import io.forelog.queue.Transfer;
import io.forelog.wire.EnvelopeCodec;
import java.util.ArrayList;
import java.util.List;

/**
 * Obligations of another queue of the namespace, to be kept here from now on: into the log, marked so that no replay reads
 * them twice, and into the timers with what was tried. Encoded by the caller's thread, applied on the committer's.
 */
final class MoveIn {
    private final List<One> all = new ArrayList<>();

    /**
     * One obligation.
     *
     * @param value of the timer
     */
    record One(Timer timer, int route, byte[] envelope, byte[] value) {}

    MoveIn(List<Transfer> transfers) {
        for (Transfer each : transfers) {
            Entry entry = each.entry().forRoute(each.route());
            byte[] value = Obligations.encode(
                    entry, each.attempts(), each.firstFailure(), each.lastFailure(), each.redrives(), 0, 0);
            Timer timer = new Timer(
                    Math.max(each.dueMicros(), 1),
                    0,
                    entry,
                    each.attempts(),
                    each.firstFailure(),
                    each.lastFailure(),
                    each.redrives(),
                    value.length);
            all.add(new One(timer, each.route(), EnvelopeCodec.encode(entry), value));
        }
    }

    Backlog apply(Committer committer, Backlog backlog) {
        Commit commit = committer.commit();
        for (int i = 0; i < all.size(); i++) {
            backlog.moveIn(all.get(i), commit);
        }
        commit.count(all.size());
        commit.promise();
        return backlog;
    }
}
