package io.forelog.queue.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageResponse;

/** SQS's clock stands at {@link #SQS}; what is told is how far this node's is ahead of a sender's. */
class SqsClockTest {
    private static final long SQS = 1_000_000_000_000_000L;

    private static Message message(String stamp, String receives) {
        String millis = String.valueOf(SQS / 1_000);
        return Message.builder()
                .messageAttributes(ParcelCodec.sdk(Map.of(ParcelCodec.SENT, ""), stamp))
                .attributes(Map.of(
                        MessageSystemAttributeName.SENT_TIMESTAMP, millis,
                        MessageSystemAttributeName.APPROXIMATE_FIRST_RECEIVE_TIMESTAMP, millis,
                        MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT, receives))
                .build();
    }

    private static long ahead(long mine, String stamp) {
        return ahead(mine, message(stamp, "1"));
    }

    private static long ahead(long mine, Message message) {
        SqsClock clock = new SqsClock(() -> SQS + mine, "b");
        clock.answered(ReceiveMessageResponse.builder().messages(message).build());
        return clock.aheadMicros(message);
    }

    @Test
    void aLittleAheadIsTakenIntoAccount() {
        assertThat(ahead(100_000, SQS + " a")).isEqualTo(101_000);
    }

    @Test
    void farBehindIsALittleBehindIsNot() {
        assertThat(ahead(-10_000_000, SQS + " a")).isEqualTo(-9_999_000);
        assertThat(ahead(-100_000, SQS + " a")).isZero();
    }

    @Test
    void itsOwnAndWhatSaysNothingIsLeftAlone() {
        assertThat(ahead(10_000_000, SQS + " b")).isZero();
        assertThat(ahead(10_000_000, "nonsense")).isZero();
        assertThat(ahead(10_000_000, message(SQS + " a", "2"))).isZero();
    }
}
