package io.forelog.table.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.table.TableWrite;
import io.forelog.table.Version;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class StoredItemTest {
    private static final Buffer ID = Buffer.buffer("id");
    private static final Buffer EMPTY = Buffer.buffer();

    private static TableWrite write(TableWrite.Kind kind, long micros, long sequence, long expires) {
        Buffer value = kind == TableWrite.Kind.PUT ? Buffer.buffer("v" + micros + "/" + sequence) : EMPTY;
        return new TableWrite("t", ID, EMPTY, kind, new Version(micros, sequence), expires, 1_000_000L, value, EMPTY);
    }

    @Provide
    Arbitrary<List<TableWrite>> histories() {
        Arbitrary<TableWrite> one = Combinators.combine(
                        Arbitraries.of(TableWrite.Kind.values()),
                        Arbitraries.longs().between(1, 5),
                        Arbitraries.longs().between(0, 100))
                .as((kind, micros, expires) -> write(kind, micros, 0, expires));
        return one.list().ofMinSize(1).ofMaxSize(12).map(StoredItemTest::numbered);
    }

    /** One version is one write. */
    private static List<TableWrite> numbered(List<TableWrite> writes) {
        List<TableWrite> numbered = new ArrayList<>();
        for (int i = 0; i < writes.size(); i++) {
            TableWrite w = writes.get(i);
            numbered.add(write(w.kind(), w.version().micros(), i, w.expiresMicros()));
        }
        return numbered;
    }

    @Property(tries = 1_000)
    void comesToTheSameWhateverTheOrderAndHoweverOften(
            @ForAll("histories") List<TableWrite> history, @ForAll Random random) {
        List<TableWrite> inOrder = new ArrayList<>(history);
        inOrder.sort(Comparator.comparing(TableWrite::version));
        List<TableWrite> shuffled = new ArrayList<>(history);
        for (int i = 0; i < history.size(); i++) {
            shuffled.add(history.get(random.nextInt(history.size())));
        }
        java.util.Collections.shuffle(shuffled, random);

        StoredItem expected = fold(inOrder);
        StoredItem actual = fold(shuffled);
        assertThat(actual.version()).isEqualTo(expected.version());
        assertThat(actual.value()).isEqualTo(expected.value());
        assertThat(actual.expiresMicros()).isEqualTo(expected.expiresMicros());
        for (long at : new long[] {0, 50, 101}) {
            assertThat(actual.existsAt(at)).isEqualTo(expected.existsAt(at));
        }
    }

    private static StoredItem fold(List<TableWrite> writes) {
        StoredItem item = null;
        for (TableWrite write : writes) {
            StoredItem merged = StoredItem.merge(item, write);
            item = merged == null ? item : StoredItem.of(merged.bytes());
        }
        return item;
    }

    @Test
    void touchMovesTheEndOfAnItemAndOnlyThat() {
        StoredItem item =
                fold(List.of(write(TableWrite.Kind.PUT, 10, 0, 100), write(TableWrite.Kind.TOUCH, 20, 1, 500)));
        assertThat(item.existsAt(499)).isTrue();
        assertThat(item.existsAt(500)).isFalse();
        assertThat(item.version()).isEqualTo(new Version(10, 0));
        assertThat(item.value().toString()).isEqualTo("v10/0");
    }

    @Test
    void aNewerPutForgetsTheTouchBeforeIt() {
        StoredItem item = fold(List.of(
                write(TableWrite.Kind.PUT, 10, 0, 100),
                write(TableWrite.Kind.TOUCH, 20, 1, 500),
                write(TableWrite.Kind.PUT, 30, 2, 0)));
        assertThat(item.expiresMicros()).isZero();
        assertThat(item.value().toString()).isEqualTo("v30/2");
    }

    @Property(tries = 500)
    void keysSortAsTableIdAndItemKeyDo(@ForAll List<Byte> idA, @ForAll List<Byte> idB, @ForAll byte keyA) {
        Buffer a = buffer(idA);
        Buffer b = buffer(idB);
        byte[] table = StoredKey.table("t");
        Buffer key = Buffer.buffer(new byte[] {keyA});
        int byId = Arrays.compareUnsigned(a.getBytes(), b.getBytes());
        int byBytes = Arrays.compareUnsigned(StoredKey.of(table, a, key).bytes, StoredKey.of(table, b, EMPTY).bytes);
        if (byId != 0) {
            assertThat(Integer.signum(byBytes)).isEqualTo(Integer.signum(byId));
        }
        Buffer[] split = StoredKey.split(StoredKey.of(table, a, key).bytes, table.length);
        assertThat(split).containsExactly(a, key);
    }

    private static Buffer buffer(List<Byte> bytes) {
        byte[] array = new byte[bytes.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = bytes.get(i);
        }
        return Buffer.buffer(array);
    }
}
