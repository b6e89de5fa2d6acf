package io.forelog.target.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.vertx.pgclient.PgException;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SqlOutcomesTest {
    private static PgException answer(String state) {
        return new PgException("said", "ERROR", state, "more");
    }

    @ParameterizedTest
    @CsvSource({
        "08006, TARGET_UNAVAILABLE, true",
        "53300, TARGET_UNAVAILABLE, true",
        "57P01, TARGET_UNAVAILABLE, true",
        "57P03, TARGET_UNAVAILABLE, true",
        "58030, TARGET_UNAVAILABLE, true",
        "XX000, TARGET_UNAVAILABLE, true",
        "25006, TARGET_UNAVAILABLE, true",
        "57014, TARGET_TIMEOUT, false",
        "40001, RATE_LIMITED, false",
        "40P01, RATE_LIMITED, false",
        "55P03, RATE_LIMITED, false",
        "26000, TARGET_UNAVAILABLE, false",
        "ZZ999, TARGET_UNAVAILABLE, false"
    })
    void retriesAsThePrintedTableSays(String state, ErrorCode code, boolean ofTheServer) {
        assertThat(SqlOutcomes.of(answer(state)))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class, retry -> assertThat(retry.code()).isEqualTo(code));
        assertThat(SqlOutcomes.isOfTheServer(answer(state))).isEqualTo(ofTheServer);
    }

    @ParameterizedTest
    @CsvSource({
        "0A000, false", "21000, false", "22P02, false", "22021, false", "23505, false", "23502, false", "27000, false",
        "44000, false", "54000, false", "P0001, false", "28000, true", "28P01, true", "3D000, true", "3F000, true",
        "42501, true", "42P01, true", "42601, true", "42703, true"
    })
    void rejectsAsThePrintedTableSays(String state, boolean storm) {
        assertThat(SqlOutcomes.of(answer(state))).isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
            assertThat(rejected.storm()).isEqualTo(storm);
            assertThat(rejected.text()).isEqualTo(state + ": said; detail: more");
        });
        assertThat(SqlOutcomes.isOfTheServer(answer(state))).isFalse();
    }

    @Test
    void retriesAPlanThatATableHasOutgrown() {
        PgException stale = new PgException("cached plan must not change result type", "ERROR", "0A000", null);
        assertThat(SqlOutcomes.of(stale).kind()).isEqualTo(Outcome.Kind.RETRY);
    }

    /** Whatever {@code lc_messages} says. */
    @Test
    void retriesAPlanThatATableHasOutgrownInTheServersLanguage() {
        String said = "gecachter Plan darf den Ergebnistyp nicht ändern";
        assertThat(SqlOutcomes.of(from("RevalidateCachedQuery", said)).kind()).isEqualTo(Outcome.Kind.RETRY);
        assertThat(SqlOutcomes.of(from("transformInsertStmt", said)).kind()).isEqualTo(Outcome.Kind.REJECTED);
    }

    private static PgException from(String routine, String said) {
        return new PgException(
                said,
                "FEHLER",
                "0A000",
                null,
                null,
                null,
                null,
                null,
                null,
                "plancache.c",
                "718",
                routine,
                null,
                null,
                null,
                null,
                null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Connection reset", "closed"})
    void retriesWithAnotherConnectionWhatIsNoAnswer(String text) {
        IOException failure = new IOException(text);
        assertThat(SqlOutcomes.of(failure))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class, retry -> assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_UNAVAILABLE));
        assertThat(SqlOutcomes.isOfTheServer(failure)).isTrue();
    }
}
