package io.forelog.app.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/** Times for people: ISO in the zone of the machine, and how long from now. Stateless. */
final class When {
    private static final DateTimeFormatter LOCAL = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSXXX");

    private When() {}

    /** {@code 2026-11-03T10:00:00.000+01:00 (3 s ago)}; what is no time stays as it is, null is a dash. */
    static String text(@Nullable String iso, Instant now, ZoneId zone) {
        if (iso == null || iso.isEmpty()) {
            return "-";
        }
        try {
            Instant at = Instant.parse(iso);
            return LOCAL.format(at.atZone(zone)) + " (" + relative(Duration.between(now, at)) + ")";
        } catch (DateTimeParseException e) {
            return iso;
        }
    }

    /** {@code 3 s ago} alone, for tables with much beside it; all of it is in the JSON. */
    static String ago(@Nullable String iso) {
        if (iso == null || iso.isEmpty()) {
            return "-";
        }
        try {
            return relative(Duration.between(Instant.now(), Instant.parse(iso)));
        } catch (DateTimeParseException e) {
            return iso;
        }
    }

    static String text(@Nullable String iso) {
        return text(iso, Instant.now(), ZoneId.systemDefault());
    }

    /** {@code 3 s ago}, {@code in 2 h}. */
    static String relative(Duration ahead) {
        Duration distance = ahead.abs();
        if (distance.toMillis() < 1) {
            return "now";
        }
        return ahead.isNegative() ? span(distance) + " ago" : "in " + span(distance);
    }

    /** One unit, the largest of which there are at least two: {@code 90 s}, {@code 2 h}. */
    static String span(Duration span) {
        long millis = span.toMillis();
        if (millis < 2_000) {
            return millis + " ms";
        }
        long seconds = span.toSeconds();
        if (seconds < 120) {
            return seconds + " s";
        }
        if (seconds < 2 * 3600) {
            return seconds / 60 + " min";
        }
        return seconds < 2 * 86_400 ? seconds / 3600 + " h" : seconds / 86_400 + " d";
    }
}
