package io.forelog.queue.sqs;

import java.util.ArrayList;
import java.util.List;

/**
 * A message received and not yet deleted, given back or hidden. Owned by the home, bounded by {@link Shelf}.
 */
final class Held {
    final Line line;
    final String messageId;
    final String blob;
    /** Of the payload in the blob; negative where nobody told. */
    final long blobBytes;

    final long sequence;
    final long arrival;
    final int bytes;
    final List<Slot> slots;
    /** Changes when the message is received again while it is in hand. */
    String receipt;

    int receives;
    /** Until then nobody else gets it. */
    long visibleNanos;
    /** On its way out: deleted or given back. */
    boolean leaving;
    /** A copy names its blob: that does not go with this message. */
    boolean lent;
    /** In a FIFO queue: it only waits for those of its key that came before it. */
    boolean arrived;
    /** Of a payload that was loaded or is being loaded. */
    long payloadBytes;

    private Parcel parcel;

    Held(
            Line line,
            String messageId,
            String receipt,
            Parcel parcel,
            String blob,
            long blobBytes,
            int receives,
            long sequence,
            long arrival,
            int bytes,
            long visibleNanos) {
        this.line = line;
        this.messageId = messageId;
        this.receipt = receipt;
        this.parcel = parcel;
        this.blob = blob;
        this.blobBytes = blobBytes;
        this.receives = receives;
        this.sequence = sequence;
        this.arrival = arrival;
        this.bytes = bytes;
        this.visibleNanos = visibleNanos;
        this.slots = new ArrayList<>(parcel.obligations().size());
        for (Obligation each : parcel.obligations()) {
            slots.add(new Slot(this, each));
        }
    }

    Parcel parcel() {
        return parcel;
    }

    /** Nothing of it lies in the blob store alone. */
    boolean isWhole() {
        return blob.isEmpty() || parcel.entry().payload().length() > 0;
    }

    /** With its payload. */
    void loaded(Parcel whole) {
        parcel = whole;
    }

    boolean all(Slot.State state) {
        for (Slot each : slots) {
            if (each.state != state) {
                return false;
            }
        }
        return true;
    }

    boolean any(Slot.State state) {
        for (Slot each : slots) {
            if (each.state == state) {
                return true;
            }
        }
        return false;
    }

    List<Slot> openSlots() {
        List<Slot> open = new ArrayList<>(slots.size());
        for (Slot each : slots) {
            if (each.state != Slot.State.DONE) {
                open.add(each);
            }
        }
        return open;
    }

    /** What is not over yet. */
    List<Obligation> open() {
        return openSlots().stream().map(slot -> slot.obligation).toList();
    }
}
