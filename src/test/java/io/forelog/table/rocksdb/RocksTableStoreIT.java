package io.forelog.table.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.rig.LogTape;
import io.forelog.table.Item;
import io.forelog.table.TableStore;
import io.forelog.table.TableWrite;
import io.forelog.table.Version;
import io.forelog.table.WriteEffect;
import io.forelog.target.WriterRig;
import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.RocksDBException;

@Timeout(60)
class RocksTableStoreIT {
    private static final Buffer EMPTY = Buffer.buffer();

    @TempDir
    Path directory;

    private final AtomicLong now = new AtomicLong(1_000_000L);
    private final Vertx vertx = Vertx.vertx();
    private TableStore store;

    @BeforeEach
    void open() {
        store = RocksTableStore.open(vertx, directory, now::get);
    }

    @AfterEach
    void close() {
        WriterRig.await(store.close());
        WriterRig.await(vertx.close());
    }

    private static TableWrite put(String id, String key, String value, long micros) {
        return new TableWrite(
                "t",
                Buffer.buffer(id),
                Buffer.buffer(key),
                TableWrite.Kind.PUT,
                new Version(micros, 0),
                0,
                0,
                Buffer.buffer(value),
                Buffer.buffer("m"));
    }

    private static TableWrite delete(String id, long micros, long forget) {
        return new TableWrite(
                "t", Buffer.buffer(id), EMPTY, TableWrite.Kind.DELETE, new Version(micros, 0), 0, forget, EMPTY, EMPTY);
    }

    private Item get(String id) {
        return WriterRig.await(store.get("t", Buffer.buffer(id), EMPTY));
    }

    @Test
    void keepsTheNewestVersionAndSaysWhatItDid() {
        assertThat(WriterRig.await(store.apply(List.of(
                        put("a", "", "new", 20), put("a", "", "old", 10), put("b", "", "x", 5), delete("b", 6, 99)))))
                .containsExactly(WriteEffect.WRITTEN, WriteEffect.SUPERSEDED, WriteEffect.WRITTEN, WriteEffect.WRITTEN);
        assertThat(WriterRig.await(store.apply(List.of(put("a", "", "new", 20), put("b", "", "x", 5)))))
                .containsOnly(WriteEffect.SUPERSEDED);
        assertThat(get("a").value().toString()).isEqualTo("new");
        assertThat(get("a").metadata().toString()).isEqualTo("m");
        assertThat(get("b")).isNull();
    }

    @Test
    void isReadAgainAfterAFailedWriteThoughNobodyWrites() {
        WriterRig.await(store.apply(List.of(put("a", "", "kept", 1))));
        ((RocksTableStore) store).failNextWrite = true;
        assertThatThrownBy(() -> WriterRig.await(store.apply(List.of(put("b", "", "lost", 1)))))
                .hasMessageContaining("failed by a test");
        io.forelog.rig.Await.until("it is open again", java.time.Duration.ofSeconds(20), () -> {
            try {
                return get("a") != null;
            } catch (RuntimeException e) {
                return false;
            }
        });
    }

    @Test
    void aTroubleIsTwoLinesHoweverManyWritesItRefuses() {
        try (LogTape tape = new LogTape("io.forelog.table")) {
            for (int i = 0; i < 5; i++) {
                ((RocksTableStore) store).failNextWrite = true;
                TableWrite write = put("a", "", "lost", i + 1);
                assertThatThrownBy(() -> WriterRig.await(store.apply(List.of(write))))
                        .hasMessageContaining("failed by a test");
            }
            assertThat(tape.text().lines()).singleElement().asString().contains("can't be written", "failed by a test");
            WriterRig.await(store.apply(List.of(put("a", "", "kept", 9))));
            assertThat(tape.text().lines()).hasSize(2).last().asString().contains("written again", "count=\"5\"");
        }
    }

    @Test
    void readsBackAllThatItConfirmedAfterAReopen() {
        List<TableWrite> writes = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            writes.add(put("id" + i, "", "v" + i, i + 1));
        }
        WriterRig.await(store.apply(writes));
        WriterRig.await(store.close());
        store = RocksTableStore.open(vertx, directory, now::get);
        assertThat(get("id4999").value().toString()).isEqualTo("v4999");
        assertThat(WriterRig.await(store.scan("t", null, 10_000))).hasSize(5_000);
    }

    @Test
    void scansInTheOrderOfIdAndKeyPageByPage() {
        WriterRig.await(store.apply(List.of(
                put("b", "2", "", 1),
                put("a", "", "", 1),
                put("b", "1", "", 1),
                put("ab", "", "", 1),
                delete("aa", 1, 9))));
        List<Item> first = WriterRig.await(store.scan("t", null, 2));
        assertThat(first).extracting(item -> item.id().toString()).containsExactly("a", "ab");
        Item last = first.get(1);
        assertThat(WriterRig.await(store.scan("t", new TableStore.Position(last.id(), last.key()), 10)))
                .extracting(item -> item.id() + "/" + item.key())
                .containsExactly("b/1", "b/2");
        assertThat(WriterRig.await(store.scan("other", null, 10))).isEmpty();
    }

    @Test
    void refusesAWriteThatCouldReviveWhatIsForgotten() throws RocksDBException {
        WriterRig.await(store.apply(List.of(put("a", "", "x", 10), delete("a", 20, 2_000_000L))));
        WriterRig.await(store.close());
        now.set(3_000_000L);
        try (TableDatabase db = TableDatabase.open(directory)) {
            Sweep sweep = new Sweep();
            assertThat(sweep.step(db, 1_999_999L)).isTrue();
            assertThat(sweep.tooOld("t", 20)).isFalse();
            assertThat(sweep.step(db, now.get())).isTrue();
            assertThat(sweep.tooOld("t", 20)).isTrue();
        }
        store = RocksTableStore.open(vertx, directory, now::get);
        assertThat(WriterRig.await(store.apply(List.of(put("a", "", "x", 10), put("a", "", "y", 21)))))
                .containsExactly(WriteEffect.TOO_OLD, WriteEffect.WRITTEN);
        assertThat(get("a").value().toString()).isEqualTo("y");
    }

    @Test
    void answersOnTheContextThatAsked() {
        Context context = vertx.getOrCreateContext();
        Promise<Boolean> same = Promise.promise();
        context.runOnContext(v -> {
            Thread caller = Thread.currentThread();
            store.apply(List.of(put("a", "", "x", 1)))
                    .onComplete(done -> same.complete(Thread.currentThread() == caller));
        });
        assertThat(WriterRig.await(same.future())).isTrue();
    }

    @Test
    void doesNotOpenOverDamageInTheMiddleOfItsLog() throws IOException {
        for (int i = 0; i < 50; i++) {
            WriterRig.await(store.apply(List.of(put("id" + i, "", "v".repeat(1_000), i + 1))));
        }
        Path copy = directory.resolveSibling(directory.getFileName() + "-crashed");
        Files.createDirectories(copy);
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        RocksTableStore whole = RocksTableStore.open(vertx, copy, now::get);
        assertThat(WriterRig.await(whole.scan("t", null, 100))).hasSize(50);
        WriterRig.await(whole.close());

        Path damaged = directory.resolveSibling(directory.getFileName() + "-damaged");
        Files.createDirectories(damaged);
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                byte[] bytes = Files.readAllBytes(file);
                if (file.toString().endsWith(".log")) {
                    bytes[bytes.length / 2] ^= 0x55;
                }
                Files.write(damaged.resolve(file.getFileName()), bytes);
            }
        }
        assertThatThrownBy(() -> RocksTableStore.open(vertx, damaged, now::get))
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT));
    }
}
