package io.forelog.ingest;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Durable;
import io.forelog.model.Elsewhere;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a write was not taken: it is in no queue. Immutable.
 *
 * @param text names the offender and the expectation; all problems, where there are several
 * @param violations a field each; empty where no field is to blame
 * @param retryAfterMillis 0 = the client may choose
 * @param elsewhere where the request belongs; null where it is not said
 */
record Refusal(
        ErrorCode code,
        String text,
        List<Violation> violations,
        long retryAfterMillis,
        @Nullable Elsewhere elsewhere) {
    Refusal(ErrorCode code, String text, List<Violation> violations, long retryAfterMillis) {
        this(code, text, violations, retryAfterMillis, null);
    }

    /** One field that is wrong. */
    record Violation(String field, String text) {}

    static Refusal of(ErrorCode code, String text) {
        return new Refusal(code, text, List.of(), 0);
    }

    static Refusal shed(ErrorCode code, String text, long retryAfterMillis) {
        return new Refusal(code, text, List.of(), retryAfterMillis);
    }

    static Refusal field(ErrorCode code, String field, String value, String expected) {
        String text = value + " (expected: " + expected + ")";
        return new Refusal(code, field + ": " + text, List.of(new Violation(field, text)), 0);
    }

    static Refusal of(WalException failure) {
        return new Refusal(
                failure.code(),
                String.valueOf(failure.getMessage()),
                List.of(),
                failure.retryAfter().toMillis(),
                failure.elsewhere());
    }

    /** A queue's refusal, where its code is one that a call is answered with. */
    static Refusal of(AppendOutcome outcome) {
        ErrorCode code = outcome.code() == null ? ErrorCode.NOT_DURABLE : outcome.code();
        long retryAfter = code.disposition() == ErrorCode.Disposition.SHED ? 1_000 : 0;
        return new Refusal(code, outcome.text(), List.of(), retryAfter);
    }

    /** Whether {@code outcome} is one that a call on its own is answered with as a status instead of a Trilean. */
    static boolean isStatus(AppendOutcome outcome) {
        return outcome.durable() == Durable.FALSE
                && outcome.code() != null
                && outcome.code().grpcStatus() != 0;
    }

    /** {@code CODE: text}. */
    String message() {
        return code + ": " + text;
    }
}
