package io.forelog.consume;

import java.util.ArrayList;
import java.util.List;

/**
 * What the routes of one namespace may have taken and not settled, in entries and in bytes. Half of it is divided evenly
 * and kept for each route, so that a sick target starves nobody; the other half goes to whoever asks first. Owned by the
 * pump's thread; bounded by its capacity, beyond which only the last entry of a take may reach (bytes).
 */
final class FairWindow {
    private int entriesMax;
    private long bytesMax;
    private final List<Share> shares = new ArrayList<>();

    FairWindow(int entriesMax, long bytesMax) {
        this.entriesMax = entriesMax;
        this.bytesMax = bytesMax;
    }

    void resize(int newEntriesMax) {
        entriesMax = newEntriesMax;
    }

    int capacity() {
        return entriesMax;
    }

    Share share() {
        Share share = new Share();
        shares.add(share);
        return share;
    }

    void close(Share share) {
        shares.remove(share);
    }

    private int ownEntries() {
        return Math.max(1, entriesMax / (2 * Math.max(1, shares.size())));
    }

    private long ownBytes() {
        return Math.max(1, bytesMax / (2L * Math.max(1, shares.size())));
    }

    /** One route's part. */
    final class Share {
        private int entries;
        private long bytes;
        private int reserved;

        /** How many more this route may take, what others are sure of left aside. */
        int room() {
            int own = ownEntries();
            int free = entriesMax;
            for (Share share : shares) {
                free -= Math.max(share.used(), own);
            }
            int room = Math.max(0, own - used()) + Math.max(0, free);
            return roomBytes() > 0 ? room : 0;
        }

        /** What no other route can take from this one. */
        int ownRoom() {
            return roomBytes() > 0 ? Math.max(0, ownEntries() - used()) : 0;
        }

        long roomBytes() {
            long own = ownBytes();
            long free = bytesMax;
            for (Share share : shares) {
                free -= Math.max(share.bytes, own);
            }
            return Math.max(0, own - bytes) + Math.max(0, free);
        }

        int used() {
            return entries + reserved;
        }

        int inFlight() {
            return entries;
        }

        /** For a take under way, until {@link #taken}. */
        void reserve(int count) {
            reserved += count;
        }

        /** A take that had reserved {@code count} has ended. */
        void unreserve(int count) {
            reserved -= count;
        }

        void taken(Flight flight) {
            entries++;
            bytes += flight.bytes();
        }

        void release(Flight flight) {
            entries--;
            bytes -= flight.bytes();
        }
    }
}
