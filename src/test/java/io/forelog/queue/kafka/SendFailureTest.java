package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Durable;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.NotEnoughReplicasAfterAppendException;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SendFailureTest {
    private static void is(SendFailure row, Throwable failure, boolean taken) {
        assertThat(SendFailure.of(failure, taken)).isEqualTo(row);
    }

    @Test
    void whatIsTooLargeIsInNoTopicWhoeverSaysSo() {
        is(SendFailure.TOO_LARGE, new RecordTooLargeException("x"), false);
        is(SendFailure.TOO_LARGE, new RecordTooLargeException("x"), true);
        is(SendFailure.TOO_LARGE, new RecordBatchTooLargeException("x"), true);
        assertThat(SendFailure.TOO_LARGE.durable()).isEqualTo(Durable.FALSE);
        assertThat(SendFailure.TOO_LARGE.code()).isEqualTo(ErrorCode.PAYLOAD_TOO_LARGE);
    }

    @Test
    void whatAProducerHadNoMemoryForIsInNoTopic() {
        is(SendFailure.MEMORY_FULL, new BufferExhaustedException("x"), false);
        assertThat(SendFailure.MEMORY_FULL.durable()).isEqualTo(Durable.FALSE);
        assertThat(SendFailure.MEMORY_FULL.code()).isEqualTo(ErrorCode.OVERLOADED);
    }

    @Test
    void aTopicThatIsNotKnownIsRefusedAndATimeOutLaterIsUnknown() {
        is(SendFailure.NO_METADATA, new TimeoutException("x"), false);
        is(SendFailure.TIMED_OUT, new TimeoutException("x"), true);
        assertThat(SendFailure.NO_METADATA.durable()).isEqualTo(Durable.FALSE);
        assertThat(SendFailure.TIMED_OUT.durable()).isEqualTo(Durable.UNKNOWN);
    }

    @Test
    void whoMayNotWriteHasWrittenNothing() {
        is(SendFailure.NOT_AUTHORIZED, new TopicAuthorizationException("x"), true);
        is(SendFailure.NOT_AUTHORIZED, new ClusterAuthorizationException("x"), false);
        is(SendFailure.NOT_AUTHENTICATED, new AuthenticationException("x"), true);
        assertThat(SendFailure.NOT_AUTHORIZED.durable()).isEqualTo(Durable.FALSE);
        assertThat(SendFailure.NOT_AUTHENTICATED.durable()).isEqualTo(Durable.FALSE);
    }

    @Test
    void aNameThatNoTopicCanHaveHoldsNothing() {
        is(SendFailure.INVALID_TOPIC, new InvalidTopicException("x"), true);
        assertThat(SendFailure.INVALID_TOPIC.durable()).isEqualTo(Durable.FALSE);
    }

    @Test
    void whatTheProducerDidNotTakeIsInNoTopicWhateverItSays() {
        is(SendFailure.REFUSED, new KafkaException("x"), false);
        is(SendFailure.REFUSED, new IllegalStateException("closed"), false);
        is(SendFailure.REFUSED, new NetworkException("x"), false);
        assertThat(SendFailure.REFUSED.durable()).isEqualTo(Durable.FALSE);
    }

    @Test
    void tooFewReplicasAreUnknownForAnEarlierAttemptMayHaveBeenAppended() {
        is(SendFailure.NOT_ENOUGH_REPLICAS, new NotEnoughReplicasException("x"), true);
        is(SendFailure.NOT_ENOUGH_REPLICAS, new NotEnoughReplicasAfterAppendException("x"), true);
        assertThat(SendFailure.NOT_ENOUGH_REPLICAS.durable()).isEqualTo(Durable.UNKNOWN);
    }

    @Test
    void anythingElseAfterTheHandOffIsUnknown() {
        is(SendFailure.UNDECIDED, new NetworkException("x"), true);
        is(SendFailure.UNDECIDED, new NotLeaderOrFollowerException("x"), true);
        is(SendFailure.UNDECIDED, new OutOfOrderSequenceException("x"), true);
        is(SendFailure.UNDECIDED, new CorruptRecordException("x"), true);
        is(SendFailure.UNDECIDED, new IllegalStateException("x"), true);
        is(SendFailure.UNDECIDED, null, true);
        assertThat(SendFailure.UNDECIDED.durable()).isEqualTo(Durable.UNKNOWN);
    }

    @Test
    void theWriterIsToldTheTopicAndTheBrokersWords() {
        AppendOutcome told =
                SendFailure.TIMED_OUT.outcome(new EntryId(1, 2), "orders", new TimeoutException("2 record(s) expired"));
        assertThat(told.durable()).isEqualTo(Durable.UNKNOWN);
        assertThat(told.text()).contains("orders").contains("2 record(s) expired");
    }

    @ParameterizedTest
    @EnumSource(SendFailure.class)
    void thePageTellsEveryRow(SendFailure row) throws IOException {
        String page = Files.readString(Path.of("docs", "kafka.md"));
        assertThat(page).contains("| `" + row.name() + "` | " + row.durable() + " | `" + row.code() + "` |");
    }
}
