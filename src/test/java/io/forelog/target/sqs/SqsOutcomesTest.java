package io.forelog.target.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.SqsException;

class SqsOutcomesTest {
    @ParameterizedTest
    @CsvSource({
        "500, InternalFailure, RETRY, TARGET_UNAVAILABLE, false",
        "503, ServiceUnavailable, RETRY, TARGET_UNAVAILABLE, false",
        "400, ThrottlingException, RETRY, RATE_LIMITED, false",
        "403, RequestThrottled, RETRY, RATE_LIMITED, false",
        "400, RequestExpired, RETRY, TARGET_UNAVAILABLE, false",
        "403, AccessDenied, REJECTED, TARGET_REJECTED, true",
        "403, InvalidClientTokenId, REJECTED, TARGET_REJECTED, true",
        "400, ExpiredTokenException, REJECTED, TARGET_REJECTED, true",
        "400, InvalidSignatureException, REJECTED, TARGET_REJECTED, true",
        "400, MissingAuthenticationTokenException, REJECTED, TARGET_REJECTED, true",
        "400, IncompleteSignature, REJECTED, TARGET_REJECTED, true",
        "400, NotAuthorized, REJECTED, TARGET_REJECTED, true",
        "400, KmsAccessDenied, REJECTED, TARGET_REJECTED, true",
        "400, KmsDisabled, REJECTED, TARGET_REJECTED, true",
        "400, KMS.NotFoundException, REJECTED, TARGET_REJECTED, true",
        "400, KmsThrottled, RETRY, RATE_LIMITED, false",
        "400, KMS.ThrottlingException, RETRY, RATE_LIMITED, false",
        "400, AWS.SimpleQueueService.NonExistentQueue, REJECTED, TARGET_REJECTED, true",
        "400, BatchRequestTooLong, REJECTED, TARGET_REJECTED, false",
        "400, InvalidParameterValue, REJECTED, TARGET_REJECTED, false"
    })
    void answersACallThatFailedAsThePrintedTableSays(
            int status, String code, Outcome.Kind kind, ErrorCode expected, boolean storm) {
        Outcome outcome = SqsOutcomes.of(new CompletionException(SqsException.builder()
                .statusCode(status)
                .awsErrorDetails(AwsErrorDetails.builder()
                        .errorCode(code)
                        .errorMessage("said so")
                        .build())
                .build()));
        check(outcome, kind, expected, storm);
    }

    @ParameterizedTest
    @CsvSource({
        "InternalError, false, RETRY, TARGET_UNAVAILABLE, false",
        "ThrottlingException, true, RETRY, RATE_LIMITED, false",
        "KmsThrottled, true, RETRY, RATE_LIMITED, false",
        "KmsInvalidState, true, REJECTED, TARGET_REJECTED, true",
        "InvalidMessageContents, true, REJECTED, TARGET_REJECTED, false"
    })
    void answersAMessageThatFailedAsThePrintedTableSays(
            String code, boolean ofTheSender, Outcome.Kind kind, ErrorCode expected, boolean storm) {
        Outcome outcome = SqsOutcomes.of(BatchResultErrorEntry.builder()
                .id("0")
                .code(code)
                .message("said so")
                .senderFault(ofTheSender)
                .build());
        check(outcome, kind, expected, storm);
    }

    @Test
    void retriesWhereNobodyAnswers() {
        check(
                SqsOutcomes.of(SdkClientException.create("no connection")),
                Outcome.Kind.RETRY,
                ErrorCode.TARGET_UNAVAILABLE,
                false);
        check(
                SqsOutcomes.of(ApiCallTimeoutException.create(5_000)),
                Outcome.Kind.RETRY,
                ErrorCode.TARGET_TIMEOUT,
                false);
    }

    @Test
    void aQueueIsNeverMadeLegalByChangingIt() {
        QueueTemplate template = new QueueTemplate("{namespace}-{destination}.fifo");
        assertThat(template.queue("shop", "eu")).isEqualTo("shop-eu.fifo");
        assertThat(template.queue("shop", "a.b")).isNull();
        assertThat(template.queue("shop", "x".repeat(80))).isNull();
        assertThat(QueueTemplate.expectation("orders/{key}")).isNotNull();
    }

    private static void check(Outcome outcome, Outcome.Kind kind, ErrorCode code, boolean storm) {
        assertThat(outcome.kind()).isEqualTo(kind);
        if (outcome instanceof Outcome.Retry retry) {
            assertThat(retry.code()).isEqualTo(code);
        } else if (outcome instanceof Outcome.Rejected rejected) {
            assertThat(rejected.code()).isEqualTo(code);
            assertThat(rejected.storm()).isEqualTo(storm);
        }
    }
}
