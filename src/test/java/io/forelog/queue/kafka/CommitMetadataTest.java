package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class CommitMetadataTest {
    @Property(tries = 200)
    void whatIsWrittenIsRead(
            @ForAll boolean clean,
            @ForAll int owner,
            @ForAll @LongRange(min = 0) long count,
            @ForAll @LongRange(min = 0, max = 1L << 60) long watermark,
            @ForAll @Size(max = 50) java.util.List<@LongRange(min = 1, max = 1L << 40) Long> steps) {
        Books books = new Books();
        books.add(Books.Count.ACCEPTED, count);
        books.add(Books.Count.LOST, 3);
        Map<Long, Long> runs = new TreeMap<>();
        long at = watermark;
        for (int i = 0; i + 1 < steps.size(); i += 2) {
            long from = at + steps.get(i);
            at = from + steps.get(i + 1);
            runs.put(from, at);
        }
        String text = CommitMetadata.encode(clean, owner, books, watermark, runs);
        CommitMetadata read = CommitMetadata.decode(text, watermark);
        assertThat(read.clean()).isEqualTo(clean);
        assertThat(read.owner()).isEqualTo(owner);
        assertThat(read.books().toArray()).isEqualTo(books.toArray());
        assertThat(read.runs()).isEqualTo(runs);
        assertThat(text.length())
                .isLessThanOrEqualTo(CommitMetadata.headerChars(books) + CommitMetadata.runChars(watermark, runs));
    }

    @Property(tries = 500)
    void whatAnotherWroteIsIgnoredAndNeverAnError(@ForAll String text) {
        CommitMetadata read = CommitMetadata.decode(text, 5);
        assertThat(read == null || read.runs().keySet().stream().allMatch(from -> from >= 5))
                .isTrue();
    }

    @Test
    void aVersionOfTheFutureAndNothingAreIgnored() {
        assertThat(CommitMetadata.decode("", 0)).isNull();
        assertThat(CommitMetadata.decode(null, 0)).isNull();
        assertThat(CommitMetadata.decode("AgAAAAAAAA", 0)).isNull();
    }

    @Test
    void countersOfALaterVersionAreSkipped() {
        Books books = Books.of(new long[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
        assertThat(books.get(Books.Count.LOST)).isEqualTo(9);
        assertThat(Books.of(new long[] {1, 2}).get(Books.Count.RETURNED)).isZero();
    }
}
