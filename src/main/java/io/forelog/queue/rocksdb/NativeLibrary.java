package io.forelog.queue.rocksdb;

import io.forelog.observe.LogKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.RocksDB;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Unpacks RocksDB's native code. Left to itself RocksDB puts a new copy into the temporary directory at every start and
 * takes it away at an orderly exit only: ten megabytes for each process that was killed. Here it is one file below the
 * data directory, written anew by the next process. Any thread; the first one that loads it decides for the process.
 */
final class NativeLibrary {
    private static final Logger LOG = LoggerFactory.getLogger(NativeLibrary.class);

    private NativeLibrary() {}

    /** {@code folder} is made; where nothing can be run from it (noexec), the temporary directory serves as ever. */
    static void load(Path folder) {
        try {
            Files.createDirectories(folder);
            NativeLibraryLoader.getInstance()
                    .loadLibrary(folder.toAbsolutePath().toString());
        } catch (IOException | RuntimeException | UnsatisfiedLinkError e) {
            LOG.atWarn()
                    .addKeyValue(LogKeys.FILE, folder)
                    .addKeyValue(LogKeys.REASON, String.valueOf(e.getMessage()))
                    .log("native code can't be loaded from the data directory: it goes into the temporary one");
        }
        RocksDB.loadLibrary();
    }
}
