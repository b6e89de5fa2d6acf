package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.junit.jupiter.api.Test;

class DeadLetterMarksTest {
    @Test
    void whatWasRedrivenAndPurgedIsReadBackAsItWasCommitted() {
        DeadLetterMarks marks = DeadLetterMarks.of(null, 5);
        marks.redriven(5, 1);
        marks.redriven(9, 1);
        marks.purged(12, 2);
        marks.pass(13, 20);
        DeadLetterMarks read = DeadLetterMarks.of(marks.committable(), 0);
        assertThat(read.watermark()).isEqualTo(6);
        assertThat(read.isGone(8)).isFalse();
        assertThat(read.isGone(9)).isTrue();
        assertThat(read.isGone(10)).isFalse();
        assertThat(read.isGone(19)).isTrue();
        assertThat(read.isGone(20)).isFalse();
        assertThat(read.redriven(1)).isEqualTo(2);
        assertThat(read.purged(1)).isZero();
        assertThat(read.purged(2)).isEqualTo(1);
    }

    @Test
    void metadataOfOthersIsIgnoredAndTheirWatermarkKept() {
        DeadLetterMarks marks = DeadLetterMarks.of(new OffsetAndMetadata(7, "somebody else's"), 0);
        assertThat(marks.watermark()).isEqualTo(7);
        assertThat(marks.isGone(7)).isFalse();
    }

    @Test
    void manyScatteredOnesDoNotFitAndFitAgainOnceTheGapsAreClosed() {
        DeadLetterMarks marks = DeadLetterMarks.of(null, 0);
        for (int offset = 1; offset < 4_000; offset += 2) {
            marks.purged(offset, 1);
        }
        assertThat(marks.fits()).isFalse();
        for (int offset = 0; offset < 3_000; offset += 2) {
            marks.pass(offset, offset + 1);
        }
        assertThat(marks.fits()).isTrue();
        assertThat(DeadLetterMarks.of(marks.committable(), 0).watermark()).isEqualTo(3_000);
    }
}
