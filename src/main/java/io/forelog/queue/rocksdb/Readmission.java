package io.forelog.queue.rocksdb;

import io.forelog.model.Entry;
import io.forelog.wire.EnvelopeCodec;
import java.util.ArrayList;
import java.util.List;

/** Entries of the log to go out again on one route: into the log once more, marked so that no replay reads them twice. */
final class Readmission {
    private final List<Entry> entries = new ArrayList<>();
    private final List<byte[]> envelopes = new ArrayList<>();

    Readmission(List<Entry> again, int route) {
        for (Entry entry : again) {
            Entry one = entry.forRoute(route);
            entries.add(one);
            envelopes.add(EnvelopeCodec.encode(one));
        }
    }

    /** On the committer thread. */
    Backlog apply(Committer committer, Backlog backlog) {
        Commit commit = committer.commit();
        for (int i = 0; i < entries.size(); i++) {
            backlog.append(entries.get(i), envelopes.get(i), true, commit);
        }
        commit.count(entries.size());
        commit.promise();
        return backlog;
    }
}
