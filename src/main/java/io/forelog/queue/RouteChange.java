package io.forelog.queue;

/** What a cancel or reschedule did to one obligation. */
public record RouteChange(int route, Result result) {
    /** NOT_FOUND: settled for long, or never there. TOO_LATE: in flight, delivered, dead, expired or cancelled. */
    public enum Result {
        DONE,
        TOO_LATE,
        NOT_FOUND
    }
}
