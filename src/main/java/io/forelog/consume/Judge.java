package io.forelog.consume;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Outcome;
import io.forelog.queue.Verdict;
import org.jspecify.annotations.Nullable;

/** What an answer leads to, by the namespace's retry policy (ADR 7). The pump's thread; no state of its own. */
final class Judge {
    private final RetrySchedule schedule;

    Judge(RetrySchedule schedule) {
        this.schedule = schedule;
    }

    /** Null unless its time to live has ended: then it is not tried any more. */
    static @Nullable Verdict expired(Delivery delivery, long now) {
        long expires = delivery.entry().expiresMicros();
        return expires > 0 && now >= expires ? new Verdict.Expired(now) : null;
    }

    /** The namespace knows no such target any more. */
    static Verdict gone(String namespace, String target, long now) {
        String text = target + ": no longer a target of " + namespace + " (expected: one of its targets)";
        return new Verdict.Dead(new Failure(now, ErrorCode.TARGET_GONE, text));
    }

    /** RETRY while attempts and age are left, else DEAD with the target's words. */
    Verdict retry(Delivery delivery, Outcome.Retry answer, long now) {
        Failure failure = new Failure(now, answer.code(), answer.text());
        int attemptsMax = schedule.policy().maxAttempts();
        if (delivery.attempt() >= attemptsMax) {
            return dead(ErrorCode.MAX_ATTEMPTS, delivery.attempt() + " attempts", failure);
        }
        if (now - bornMicros(delivery) >= RetrySchedule.micros(schedule.policy().maxAge())) {
            return dead(ErrorCode.MAX_AGE, "older than " + schedule.policy().maxAge(), failure);
        }
        return new Verdict.Retry(schedule.dueMicros(delivery.attempt(), now, answer.after()), failure);
    }

    private static Verdict dead(ErrorCode code, String why, Failure last) {
        return new Verdict.Dead(
                new Failure(last.atMicros(), code, why + ", the last: " + last.code() + ": " + last.text()));
    }

    /** From when its age counts: its due time; after a redrive or reschedule, that of its first attempt since. */
    private static long bornMicros(Delivery delivery) {
        if (delivery.attempt() == 1) {
            return Math.max(delivery.entry().dueMicros(), delivery.redrives() > 0 ? delivery.dueMicros() : 0);
        }
        Failure first = delivery.firstFailure();
        return delivery.redrives() > 0 && first != null
                ? first.atMicros()
                : delivery.entry().dueMicros();
    }
}
