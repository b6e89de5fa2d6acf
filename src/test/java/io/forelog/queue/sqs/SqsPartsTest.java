package io.forelog.queue.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/** The parts that need no server: bodies, delays, names, settings, what is asked of a queue. */
class SqsPartsTest {
    private final HandTicker ticker = new HandTicker();
    private final Entries entries = new Entries(ticker, "orders");

    private static Message message(Parcel parcel) {
        return Message.builder()
                .messageId("m")
                .body(ParcelCodec.body(parcel))
                .messageAttributes(ParcelCodec.sdk(ParcelCodec.attributes(parcel, "", 0), ""))
                .build();
    }

    @Test
    void aParcelIsReadAsItWasWritten() {
        Entry entry = entries.routed("payload", 1, 3);
        Parcel fresh = ParcelCodec.decode("orders", message(Parcel.fresh(entry)));
        assertThat(fresh).isEqualTo(Parcel.fresh(entry));
        Failure first = new Failure(5, ErrorCode.TARGET_TIMEOUT, "first");
        Failure last = new Failure(6, ErrorCode.TARGET_REJECTED, "last");
        Parcel kept = Parcel.of(
                entry, List.of(new Obligation(1, 9, 2, first, last, 1, 0), new Obligation(3, 7, 0, null, null, 0, 0)));
        assertThat(ParcelCodec.decode("orders", message(kept))).isEqualTo(kept);
        assertThat(kept.dueMicros()).isEqualTo(7);
    }

    @Test
    void theCauseOfADeathIsReadableByOtherTools() {
        Failure cause = new Failure(5, ErrorCode.TARGET_REJECTED, "no\u0000 \u001b[31mred");
        Map<String, String> attributes = ParcelCodec.attributes(
                Parcel.of(entries.immediate("x"), List.of(new Obligation(1, 9, 4, cause, cause, 0, 99))),
                "orders/1",
                77);
        assertThat(attributes)
                .containsEntry(ParcelCodec.CAUSE, "TARGET_REJECTED")
                .containsEntry(ParcelCodec.CAUSE_TEXT, "no   [31mred")
                .containsEntry(ParcelCodec.ATTEMPTS, "4")
                .containsEntry(ParcelCodec.NAMESPACE, "orders")
                .containsEntry(ParcelCodec.BLOB_BYTES, "77");
        assertThat(attributes).as("SQS takes no more").hasSizeLessThanOrEqualTo(10);
    }

    @Test
    void aWaitIsRoundedDownAndNeverLongerThanWhatIsLeft() {
        Delays delays = Delays.of(SqsSettings.of(Map.of()));
        assertThat(delays.delaySeconds(0, 1)).isZero();
        assertThat(delays.delaySeconds(1_999_999, 0)).isEqualTo(1);
        assertThat(delays.delaySeconds(900_000_000, 0)).isEqualTo(900);
        assertThat(delays.delaySeconds(901_000_000, 0)).isEqualTo(900);
        assertThat(delays.hideSeconds(10L * 3_600_000_000L, 0)).isEqualTo(36_000);
        assertThat(delays.hideSeconds(20L * 3_600_000_000L, 0)).isEqualTo(39_600);
    }

    @Test
    void aQueueThatForgetsOrHasItsOwnDeadLettersIsRefused() {
        assertThat(Opening.problem(Map.of(QueueAttributeName.MESSAGE_RETENTION_PERIOD, "345600")))
                .contains("MessageRetentionPeriod 345600 (expected: 1209600");
        assertThat(Opening.problem(Map.of(QueueAttributeName.MESSAGE_RETENTION_PERIOD, "1209600")))
                .isNull();
        assertThat(Opening.problem(Map.of(QueueAttributeName.REDRIVE_POLICY, "{\"maxReceiveCount\":5}")))
                .contains("RedrivePolicy");
    }

    @Test
    void theArticlesKeysMeanWhatTheySay() {
        QueueNames names = QueueNames.of(SqsRig.with(
                InMemoryQueue.spec("pds", 1),
                Map.of(
                        "wal-queue",
                        List.of("dgwwal-dq-pds"),
                        "wal-dlq-queue",
                        List.of("dgwwal-dlq-pds"),
                        "queue.poll-interval.secs",
                        10,
                        "queue.max-messages-per-poll",
                        100)));
        assertThat(names)
                .isEqualTo(new QueueNames(List.of("dgwwal-dq-pds"), List.of("dgwwal-dlq-pds"), false, 10, 100));
        assertThat(QueueNames.schema()
                        .problems("config", Map.of("wal-queue", List.of("a"), "queue.poll-interval.secs", 0)))
                .containsExactly("config.queue.poll-interval.secs: 0 (expected: 1 to 20)");
        assertThat(QueueNames.of(SqsRig.with(InMemoryQueue.spec("n", 1), Map.of("wal-queue", List.of("a", "b"))))
                        .dead())
                .containsExactly("a-dlq", "b-dlq");
        assertThatThrownBy(() -> QueueNames.of(SqsRig.with(
                        InMemoryQueue.spec("n", 1), Map.of("wal-queue", List.of("a"), "wal-dlq-queue", List.of("a")))))
                .hasMessageContaining("expected: other queues");
    }

    @Test
    void wrongSettingsAreToldAllAtOnceAndSecretsAreReferences() {
        assertThatThrownBy(() -> SqsSettings.of(Map.of("hop", "PT16M", "access_key", "AKIA", "endpiont", "x")))
                .hasMessageContaining("queues.sqs.hop: PT16M (expected: PT1S to PT15M)")
                .hasMessageContaining("queues.sqs.access_key: (hidden) (expected: file:PATH or env:NAME")
                .hasMessageContaining("queues.sqs.endpiont: unknown key, did you mean endpoint?");
        assertThatThrownBy(() -> SqsSettings.of(Map.of("blobs", Map.of("keep", "P1D"))))
                .hasMessageContaining("expected: an ISO-8601 duration of at least P15D");
        SqsSettings usual = SqsSettings.of(Map.of());
        assertThat(usual.messageBytes()).isEqualTo(1_048_576);
        assertThat(usual.blobType()).isEqualTo("embedded");
        assertThat(usual.poisonReceives()).isEqualTo(100);
    }
}
