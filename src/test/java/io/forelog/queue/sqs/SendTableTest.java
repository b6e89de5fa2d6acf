package io.forelog.queue.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Durable;
import io.forelog.model.ErrorCode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResultEntry;
import software.amazon.awssdk.services.sqs.model.SqsException;

/** Each row of the table of what SQS's answers mean. */
class SendTableTest {
    private static Throwable answered(int status, String code) {
        return new CompletionException(SqsException.builder()
                .statusCode(status)
                .awsErrorDetails(AwsErrorDetails.builder()
                        .errorCode(code)
                        .errorMessage("words")
                        .build())
                .build());
    }

    private static Throwable client(Throwable cause) {
        return new CompletionException(
                SdkClientException.builder().message("client").cause(cause).build());
    }

    @Test
    void aConfirmedEntryIsTrue() {
        Sent sent = SendTable.confirmed(SendMessageBatchResultEntry.builder()
                .id("0")
                .sequenceNumber("18849496460467696128")
                .build());
        assertThat(sent.durable()).isEqualTo(Durable.TRUE);
        assertThat(sent.sequence()).isPositive();
    }

    @Test
    void anEntryRefusedForTheSendersFaultIsFalse() {
        Sent sent = SendTable.failed(BatchResultErrorEntry.builder()
                .id("0")
                .senderFault(true)
                .code("InvalidMessageContents")
                .message("words")
                .build());
        assertThat(sent.durable()).isEqualTo(Durable.FALSE);
        assertThat(sent.code()).isEqualTo(ErrorCode.NOT_DURABLE);
        assertThat(sent.text()).contains("InvalidMessageContents", "words");
    }

    @Test
    void anEntryThatFailedForTheServicesFaultIsUnknown() {
        assertThat(SendTable.failed(BatchResultErrorEntry.builder()
                                .id("0")
                                .senderFault(false)
                                .code("InternalError")
                                .build())
                        .durable())
                .isEqualTo(Durable.UNKNOWN);
    }

    @Test
    void anEntryThatTheAnswerDoesNotNameIsUnknown() {
        assertThat(SendTable.notNamed().durable()).isEqualTo(Durable.UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 403, 404, 413, 429})
    void aRequestRefusedWith4xxIsFalse(int status) {
        assertThat(SendTable.failed(answered(status, "AccessDenied")).durable()).isEqualTo(Durable.FALSE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"RequestThrottled", "ThrottlingException", "com.amazonaws.sqs#RequestThrottled"})
    void aThrottledRequestIsFalseAndOverloaded(String code) {
        assertThat(SendTable.failed(answered(403, code)))
                .extracting(Sent::durable, Sent::code)
                .containsExactly(Durable.FALSE, ErrorCode.OVERLOADED);
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 500, 502, 503, 504})
    void aRequestThatFailedWith5xxOrTimedOutThereIsUnknown(int status) {
        assertThat(SendTable.failed(answered(status, "InternalError")).durable())
                .isEqualTo(Durable.UNKNOWN);
    }

    @Test
    void aTimeOutAndAResetAreUnknown() {
        assertThat(SendTable.failed(new CompletionException(ApiCallTimeoutException.create(3_000)))
                        .durable())
                .isEqualTo(Durable.UNKNOWN);
        assertThat(SendTable.failed(client(new IOException("Connection reset by peer")))
                        .durable())
                .isEqualTo(Durable.UNKNOWN);
        assertThat(SendTable.failed(client(new TimeoutException("acquire"))).durable())
                .isEqualTo(Durable.UNKNOWN);
        assertThat(SendTable.failed(new IllegalStateException("?")).durable()).isEqualTo(Durable.UNKNOWN);
    }

    @Test
    void whereNoConnectionWasMadeItIsFalse() {
        assertThat(SendTable.failed(client(new ConnectException("Connection refused"))))
                .extracting(Sent::durable, Sent::code)
                .containsExactly(Durable.FALSE, ErrorCode.UNAVAILABLE);
        assertThat(SendTable.failed(client(new UnknownHostException("sqs"))).durable())
                .isEqualTo(Durable.FALSE);
    }

    @Test
    void theSdkRepeatsNothing() {
        SqsClient.Open open =
                SqsClient.open(SqsSettings.of(java.util.Map.of("endpoint", "http://127.0.0.1:1", "anonymous", true)));
        try {
            assertThat(open.client()
                            .serviceClientConfiguration()
                            .overrideConfiguration()
                            .retryStrategy()
                            .orElseThrow()
                            .maxAttempts())
                    .isEqualTo(1);
        } finally {
            open.close();
        }
    }
}
