package io.forelog.model;

/**
 * What went wrong with one attempt.
 *
 * @param atMicros when it was known
 * @param text the target's own words, cut to 500 characters; never a payload
 */
public record Failure(long atMicros, ErrorCode code, String text) {
    public static final int TEXT_MAX = 500;

    public Failure {
        if (text.length() > TEXT_MAX) {
            text = text.substring(0, TEXT_MAX - 1) + "…";
        }
    }
}
