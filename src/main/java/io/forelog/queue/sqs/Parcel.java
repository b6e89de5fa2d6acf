package io.forelog.queue.sqs;

import io.forelog.model.Entry;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What one message carries: an entry and those of its obligations that travel together. Immutable.
 *
 * @param fresh as it was appended: the obligations follow from the entry
 */
record Parcel(Entry entry, List<Obligation> obligations, boolean fresh) {
    static Parcel fresh(Entry entry) {
        List<Obligation> obligations = new ArrayList<>(entry.routes().size());
        for (int route : entry.routes()) {
            obligations.add(Obligation.fresh(route, entry.dueMicros()));
        }
        return new Parcel(entry, obligations, true);
    }

    static Parcel of(Entry entry, List<Obligation> obligations) {
        return new Parcel(entry, obligations, false);
    }

    /** When the first of them is due. */
    long dueMicros() {
        long due = Long.MAX_VALUE;
        for (Obligation each : obligations) {
            due = Math.min(due, each.dueMicros());
        }
        return due;
    }

    /** Its times matter: it is alive, and not due as it was taken in. */
    boolean waits() {
        return obligations.get(0).diedMicros() == 0 && (!fresh || entry.delayed());
    }

    /** The same by a clock that is so far ahead of the one whose times it has. */
    Parcel byClockAhead(long micros) {
        Entry moved = entry.byClockAhead(micros);
        return fresh
                ? fresh(moved)
                : of(
                        moved,
                        obligations.stream()
                                .map(each -> each.byClockAhead(micros))
                                .toList());
    }

    Parcel withPayload(Buffer payload) {
        Entry e = entry;
        return new Parcel(
                new Entry(
                        e.id(),
                        e.namespace(),
                        e.acceptedMicros(),
                        e.dueMicros(),
                        e.expiresMicros(),
                        e.writeMicros(),
                        e.routes(),
                        e.destination(),
                        e.key(),
                        e.operation(),
                        e.priority(),
                        e.attributes(),
                        e.headers(),
                        payload,
                        e.token()),
                obligations,
                fresh);
    }
}
