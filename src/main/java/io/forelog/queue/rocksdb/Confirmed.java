package io.forelog.queue.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * The side file that knows what the database confirmed: RocksDB's sequence after the last synced write, in two slots
 * written in turn, each with a checksum. Mapped, so that an advance costs a store to memory and survives the process;
 * it is advanced after the flush only, so that it never runs ahead of it. Owned by the committer thread.
 */
final class Confirmed {
    private static final int SLOT_BYTES = 64;
    private static final int BYTES = 2 * SLOT_BYTES;
    private static final long MAGIC = 0x466f72656c6f6701L;

    private final MappedByteBuffer file;
    private final CRC32C crc = new CRC32C();
    private long turn;
    private long sequence;

    private Confirmed(MappedByteBuffer file, long turn, long sequence) {
        this.file = file;
        this.turn = turn;
        this.sequence = sequence;
    }

    /** Makes the file where it is missing, with nothing confirmed. CORRUPT where neither slot can be read. */
    static Confirmed open(Path path) throws IOException {
        boolean made = !Files.notExists(path); // also where nobody can tell
        try (FileChannel channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MappedByteBuffer file = channel.map(FileChannel.MapMode.READ_WRITE, 0, BYTES);
            Confirmed confirmed = new Confirmed(file, 0, 0);
            if (!made || confirmed.isBlank()) {
                confirmed.advance(0);
                confirmed.advance(0);
                confirmed.force();
                return confirmed;
            }
            if (!confirmed.load(0) & !confirmed.load(1)) {
                throw new WalException(
                        ErrorCode.CORRUPT, path + ": no readable slot (expected: one of two with its checksum)");
            }
            return confirmed;
        }
    }

    private boolean isBlank() {
        for (int i = 0; i < BYTES; i++) {
            if (file.get(i) != 0) {
                return false;
            }
        }
        return true;
    }

    private boolean load(int slot) {
        int at = slot * SLOT_BYTES;
        long slotTurn = file.getLong(at + 8);
        long slotSequence = file.getLong(at + 16);
        boolean good = file.getLong(at) == MAGIC && file.getLong(at + 24) == checksum(slotTurn, slotSequence);
        if (good && slotTurn >= turn) {
            turn = slotTurn;
            sequence = slotSequence;
        }
        return good;
    }

    long sequence() {
        return sequence;
    }

    void advance(long to) {
        turn++;
        sequence = to;
        int at = (int) (turn & 1) * SLOT_BYTES;
        file.putLong(at, MAGIC);
        file.putLong(at + 8, turn);
        file.putLong(at + 16, to);
        file.putLong(at + 24, checksum(turn, to));
    }

    /** To the disk, against a loss of power; a loss before it only makes the check weaker. */
    void force() {
        file.force();
    }

    private final java.nio.ByteBuffer scratch = java.nio.ByteBuffer.allocate(16);

    private long checksum(long slotTurn, long slotSequence) {
        scratch.clear();
        scratch.putLong(slotTurn).putLong(slotSequence).flip();
        crc.reset();
        crc.update(scratch);
        return crc.getValue();
    }
}
