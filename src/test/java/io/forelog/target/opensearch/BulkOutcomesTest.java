package io.forelog.target.opensearch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.target.HttpAnswer;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BulkOutcomesTest {
    private static Outcome item(int status, String error) {
        JsonNode node =
                error.isEmpty() ? null : Documents.tree(error.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        return BulkOutcomes.of(status, node);
    }

    private static String error(String type, String reason) {
        return "{\"type\": \"" + type + "\", \"reason\": \"" + reason + "\"}";
    }

    @ParameterizedTest
    @CsvSource({
        "409, version_conflict_engine_exception, APPLIED, ",
        "429, es_rejected_execution_exception, RETRY, RATE_LIMITED",
        "503, rejected_execution_exception, RETRY, RATE_LIMITED",
        "429, cluster_block_exception, RETRY, TARGET_UNAVAILABLE",
        "403, cluster_block_exception, RETRY, TARGET_UNAVAILABLE",
        "503, unavailable_shards_exception, RETRY, TARGET_UNAVAILABLE",
        "500, internal_server_error, RETRY, TARGET_UNAVAILABLE",
        "408, timeout, RETRY, TARGET_UNAVAILABLE",
        "409, something_else, RETRY, TARGET_UNAVAILABLE",
        "400, mapper_parsing_exception, REJECTED, calm",
        "400, index_closed_exception, REJECTED, storm",
        "401, security_exception, REJECTED, storm",
        "403, security_exception, REJECTED, storm",
        "404, index_not_found_exception, REJECTED, storm"
    })
    void itemsEndAsThePrintedTableSays(int status, String type, Outcome.Kind kind, String detail) {
        Outcome outcome = item(status, error(type, "why"));
        assertThat(outcome.kind()).isEqualTo(kind);
        if (outcome instanceof Outcome.Retry retry) {
            assertThat(retry.code()).isEqualTo(ErrorCode.valueOf(detail));
            assertThat(retry.text()).isEqualTo(status + " " + type + ": why");
        } else if (outcome instanceof Outcome.Rejected rejected) {
            assertThat(rejected.storm()).isEqualTo(detail.equals("storm"));
            assertThat(rejected.text()).isEqualTo(status + " " + type + ": why");
        }
    }

    @Test
    void theServersReasonAndCauseAreTold() {
        Outcome.Rejected rejected = (Outcome.Rejected)
                item(
                        400,
                        "{\"type\": \"t\", \"reason\": \"field [n]\", \"caused_by\": {\"type\": \"u\", \"reason\": \"line 1\\nline 2\"}}");
        assertThat(rejected.text()).isEqualTo("400 t: field [n]; caused by: line 1 line 2");
        Outcome.Rejected pipeline = (Outcome.Rejected)
                item(400, error("illegal_argument_exception", "pipeline with id [p] does not exist"));
        assertThat(pipeline.storm()).isTrue();
        assertThat(item(404, "")).isEqualTo(Outcome.applied());
        assertThat(item(201, "")).isEqualTo(Outcome.applied());
    }

    private static Outcome whole(int status, String body) {
        return BulkOutcomes.of(new HttpAnswer(status, Duration.ofSeconds(3), Buffer.buffer(body), true));
    }

    @ParameterizedTest
    @CsvSource({"429, RATE_LIMITED", "408, TARGET_UNAVAILABLE", "503, TARGET_UNAVAILABLE", "500, TARGET_UNAVAILABLE"})
    void aRefusedRequestIsRetriedNotBeforeItSays(int status, ErrorCode code) {
        assertThat(whole(status, "busy"))
                .isEqualTo(Outcome.retry(code, "HTTP " + status + ": busy", Duration.ofSeconds(3)));
    }

    @ParameterizedTest
    @CsvSource({"400, false", "413, false", "401, true", "403, true", "404, true", "405, true", "302, true"})
    void aRefusedRequestCountsToAStormUnlessItsContentWasRefused(int status, boolean storm) {
        assertThat(whole(status, "")).isEqualTo(Outcome.rejected(ErrorCode.TARGET_REJECTED, "HTTP " + status, storm));
    }

    @Test
    void whatIsNoAnswerToABulkRequestIsRetried() {
        assertThat(whole(200, "<html>"))
                .isEqualTo(Outcome.retry(
                        ErrorCode.TARGET_UNAVAILABLE, "no answer to a bulk request: HTTP 200: <html>", Duration.ZERO));
        assertThat(BulkAnswer.read(Buffer.buffer("<html>"), 2)).containsOnlyNulls();
        assertThat(BulkAnswer.read(Buffer.buffer("{\"ok\": true}"), 2)).containsOnlyNulls();
    }

    @Test
    void theItemsOfAnAnswerThatBreaksOffCountAsFarAsTheyGo() {
        String answer = "{\"took\": 3, \"errors\": true, \"items\": [{\"index\": {\"status\": 201}},"
                + " {\"delete\": {\"status\": 404}}, {\"index\": {\"status\": 503, \"error\": {\"type\": \"u\"}}},"
                + " {\"index\": {\"stat";
        Outcome[] outcomes = BulkAnswer.read(Buffer.buffer(answer), 5);
        assertThat(outcomes[0]).isEqualTo(Outcome.applied());
        assertThat(outcomes[1]).isEqualTo(Outcome.applied());
        assertThat(outcomes[2].kind()).isEqualTo(Outcome.Kind.RETRY);
        assertThat(outcomes[3]).isNull();
        assertThat(outcomes[4]).isNull();
        assertThat(BulkAnswer.read(Buffer.buffer("{\"errors\": false, \"items\": []}"), 2))
                .containsOnly(Outcome.applied());
    }
}
