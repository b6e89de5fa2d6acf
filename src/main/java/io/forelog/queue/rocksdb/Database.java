package io.forelog.queue.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.Folders;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.rocksdb.Checkpoint;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Status;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One RocksDB in a folder: {@code db/}, the side file {@code confirmed}, and {@code lock} against a second process. It is
 * opened only where it holds at least what it confirmed. Written by its committer thread alone; read by any thread that
 * holds {@link #reading()}, so that nobody reads while it is reopened.
 */
final class Database {
    private static final Logger LOG = LoggerFactory.getLogger(Database.class);

    private final String name;
    private final Path folder;
    private final RocksOptions options;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final WriteOptions synced = new WriteOptions().setSync(true);
    private final WriteOptions unsynced = new WriteOptions();
    private @Nullable FileChannel lockFile;
    private @Nullable Open open;

    /** Tests make the next write fail. */
    volatile boolean failNextWrite;

    /** Tests make the next openings after a failed write fail, so many. */
    final java.util.concurrent.atomic.AtomicInteger failReopens = new java.util.concurrent.atomic.AtomicInteger();

    /** What is there while it is open. Handles are in the order of {@link Family}. */
    private record Open(RocksDB db, DBOptions options, ColumnFamilyHandle[] handles, Confirmed confirmed) {}

    Database(String name, Path folder, RocksOptions options) {
        this.name = name;
        this.folder = folder;
        this.options = options;
    }

    String name() {
        return name;
    }

    Path folder() {
        return folder;
    }

    /** CORRUPT where it does not hold what it confirmed, or can't be opened at all; nothing is touched then. */
    void open() {
        open(ErrorCode.CORRUPT);
    }

    /** {@code unopened}: what else than damage means that keeps it from being opened. */
    private void open(ErrorCode unopened) {
        lock.writeLock().lock();
        try {
            if (unopened == ErrorCode.UNAVAILABLE && failReopens.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
                throw new IOException("No space left on device, says a test");
            }
            Folders.make(folder);
            lockAgainstOthers();
            Confirmed confirmed = Confirmed.open(folder.resolve("confirmed"));
            Folders.sync(folder);
            check(confirmed);
            // RocksDB syncs what it names below it, and not its own name.
            Folders.make(folder.resolve("db"));
            DBOptions db = options.database();
            List<ColumnFamilyHandle> handles = new ArrayList<>();
            RocksDB opened = opened(db, handles);
            ColumnFamilyHandle[] byFamily = handles.subList(1, handles.size()).toArray(new ColumnFamilyHandle[0]);
            handles.get(0).close();
            open = new Open(opened, db, byFamily, confirmed);
        } catch (RocksDBException | IOException e) {
            throw new WalException(
                    isDamage(e) ? ErrorCode.CORRUPT : unopened,
                    "database " + name + " in " + folder + ": " + e.getMessage(),
                    e);
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Tried twice a second where it fails: it leaves nothing behind then. */
    private RocksDB opened(DBOptions db, List<ColumnFamilyHandle> handles) throws RocksDBException {
        List<ColumnFamilyDescriptor> families = options.families();
        try {
            return RocksDB.open(db, path(), families, handles);
        } catch (RocksDBException e) {
            db.close();
            close(families);
            throw e;
        }
    }

    private static void close(List<ColumnFamilyDescriptor> families) {
        families.forEach(family -> family.getOptions().close());
    }

    private static boolean isDamage(Exception e) {
        return e instanceof RocksDBException rocks
                && rocks.getStatus() != null
                && rocks.getStatus().getCode() == Status.Code.Corruption;
    }

    private String path() {
        return folder.resolve("db").toString();
    }

    private void lockAgainstOthers() throws IOException {
        if (lockFile != null) {
            return;
        }
        FileChannel file =
                FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held;
        try {
            held = file.tryLock();
        } catch (OverlappingFileLockException e) {
            held = null;
        }
        if (held == null) {
            file.close();
            throw new WalException(
                    ErrorCode.UNAVAILABLE,
                    folder.resolve("lock") + ": held by another process (expected: one process a data directory)");
        }
        lockFile = file;
    }

    /** Opens read-only first, which touches nothing, and compares. */
    private void check(Confirmed confirmed) throws RocksDBException, IOException {
        Path current = folder.resolve("db").resolve("CURRENT");
        if (!Files.exists(current)) {
            if (!Files.notExists(current)) {
                throw new IOException(current + ": can't be looked at");
            }
            if (confirmed.sequence() > 0) {
                throw corrupt("there is no database", confirmed.sequence());
            }
            return;
        }
        long recovered;
        List<ColumnFamilyHandle> handles = new ArrayList<>();
        List<ColumnFamilyDescriptor> present = presentFamilies();
        try (DBOptions db = options.database();
                RocksDB readOnly = RocksDB.openReadOnly(db, path(), present, handles)) {
            recovered = readOnly.getLatestSequenceNumber();
            handles.forEach(ColumnFamilyHandle::close);
        } finally {
            close(present);
        }
        if (recovered < confirmed.sequence()) {
            throw corrupt("only sequence " + recovered + " could be recovered", confirmed.sequence());
        }
    }

    /** Those that the database has: a crash at its making may have left some out. */
    private List<ColumnFamilyDescriptor> presentFamilies() throws RocksDBException {
        List<String> names;
        try (org.rocksdb.Options plain = new org.rocksdb.Options()) {
            names = RocksDB.listColumnFamilies(plain, path()).stream()
                    .map(bytes -> new String(bytes, java.nio.charset.StandardCharsets.UTF_8))
                    .toList();
        }
        List<ColumnFamilyDescriptor> present = new ArrayList<>();
        for (ColumnFamilyDescriptor family : options.families()) {
            if (names.contains(new String(family.getName(), java.nio.charset.StandardCharsets.UTF_8))) {
                present.add(family);
            } else {
                family.getOptions().close();
            }
        }
        return present;
    }

    private WalException corrupt(String found, long confirmed) throws IOException {
        String wal = "";
        if (Files.isDirectory(folder.resolve("db"))) {
            try (Stream<Path> files = Files.list(folder.resolve("db"))) {
                wal = files.filter(file -> file.toString().endsWith(".log"))
                        .map(Path::toString)
                        .sorted()
                        .collect(Collectors.joining(", "));
            }
        }
        return new WalException(
                ErrorCode.CORRUPT,
                "database " + name + ": " + found + " from " + (wal.isEmpty() ? path() : wal) + " (expected: at least "
                        + confirmed + ", which " + folder.resolve("confirmed")
                        + " says was confirmed). Nothing was changed; restore a backup, or accept the loss by removing"
                        + " the file confirmed.");
    }

    /** Held while reading from a thread that is not the committer. */
    ReentrantReadWriteLock.ReadLock reading() {
        return lock.readLock();
    }

    boolean isOpen() {
        return open != null;
    }

    private Open opened() {
        Open current = open;
        if (current == null) {
            throw new WalException(ErrorCode.UNAVAILABLE, "database " + name + ": closed");
        }
        return current;
    }

    /** One write; synced ones are recorded as confirmed. */
    void write(WriteBatch batch, boolean sync) throws RocksDBException {
        Open current = opened();
        if (failNextWrite) {
            failNextWrite = false;
            throw new RocksDBException("failed by a test");
        }
        current.db().write(sync ? synced : unsynced, batch);
        if (sync) {
            current.confirmed().advance(current.db().getLatestSequenceNumber());
        }
    }

    /** A synced write beside the committer's; its next one confirms it too. */
    void writeApart(WriteBatch batch) throws RocksDBException {
        opened().db().write(synced, batch);
    }

    /** To the disk: about once a second. */
    void forceConfirmed() {
        Open current = open;
        if (current != null) {
            forceQuietly(current.confirmed());
        }
    }

    long latestSequence() {
        return opened().db().getLatestSequenceNumber();
    }

    ColumnFamilyHandle handle(Family family) {
        return opened().handles()[family.ordinal()];
    }

    byte @Nullable [] get(Family family, byte[] key) {
        try {
            return opened().db().get(handle(family), key);
        } catch (RocksDBException e) {
            throw unreadable(e);
        }
    }

    RocksIterator iterator(Family family, ReadOptions read) {
        return opened().db().newIterator(handle(family), read);
    }

    org.rocksdb.Snapshot snapshot() {
        return opened().db().getSnapshot();
    }

    void release(org.rocksdb.Snapshot snapshot) {
        opened().db().releaseSnapshot(snapshot);
    }

    WalException unreadable(RocksDBException e) {
        return new WalException(ErrorCode.UNAVAILABLE, "database " + name + ": " + e.getMessage(), e);
    }

    /** Frees whole files between two keys, both behind any reader. */
    void deleteFiles(Family family, byte[] from, byte[] to) {
        try {
            opened().db().deleteFilesInRanges(handle(family), List.of(from, to), false);
        } catch (RocksDBException e) {
            throw unreadable(e);
        }
    }

    /**
     * Rewrites what lies between two keys, so that what was dropped there goes. {@link #deleteFiles} leaves the youngest
     * level alone, and where nothing is written any more nothing else would ever clear that.
     */
    void compact(Family family, byte[] from, byte[] to) {
        try {
            opened().db().compactRange(handle(family), from, to);
        } catch (RocksDBException e) {
            throw unreadable(e);
        }
    }

    /** A consistent copy that opens as a database folder does. */
    void backup(Path target) throws RocksDBException, IOException {
        Open current = opened();
        Folders.make(target);
        long sequence = current.db().getLatestSequenceNumber();
        try (Checkpoint checkpoint = Checkpoint.create(current.db())) {
            checkpoint.createCheckpoint(target.resolve("db").toString());
        }
        Confirmed copy = Confirmed.open(target.resolve("confirmed"));
        copy.advance(sequence);
        copy.force();
        Folders.sync(target);
    }

    /** After a failed write: what it holds is read anew from the disk. UNAVAILABLE where that can't be done now: a full disk is no damage. */
    void reopen() {
        closeDatabase();
        open(ErrorCode.UNAVAILABLE);
    }

    private void closeDatabase() {
        lock.writeLock().lock();
        try {
            Open current = open;
            open = null;
            if (current != null) {
                forceQuietly(current.confirmed());
                for (ColumnFamilyHandle handle : current.handles()) {
                    handle.close();
                }
                current.db().close();
                current.options().close();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** A device that has just failed a write fails this one too; without it the check at the next opening is weaker, no more. */
    private void forceQuietly(Confirmed confirmed) {
        try {
            confirmed.force();
        } catch (RuntimeException | InternalError e) {
            LOG.atWarn()
                    .addKeyValue(LogKeys.DATABASE, name)
                    .addKeyValue(LogKeys.REASON, e.getMessage())
                    .log("the side file could not be synced");
        }
    }

    void close() {
        closeDatabase();
        try {
            FileChannel held = lockFile;
            lockFile = null;
            if (held != null) {
                held.close();
            }
        } catch (IOException e) {
            throw new WalException(ErrorCode.INTERNAL, folder.resolve("lock") + ": " + e.getMessage(), e);
        }
    }
}
