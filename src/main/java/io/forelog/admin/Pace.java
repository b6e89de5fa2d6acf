package io.forelog.admin;

import io.forelog.model.Ticker;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A token bucket that holds a tenth of a second's worth, so that a throttled job is a steady trickle. One job's, on its
 * event loop.
 */
final class Pace {
    private static final Pattern FORM = Pattern.compile("(\\d+(?:\\.\\d+)?)(?:/(s|m|h))?");
    private static final long SECOND = 1_000_000L;

    private final double perSecond;
    private final double capacity;
    private final Ticker ticker;
    private double tokens;
    private long filledMicros;

    /** {@code perSecond} positive, or infinite for no limit. */
    Pace(double perSecond, Ticker ticker) {
        this.perSecond = perSecond;
        this.capacity = Math.max(1, perSecond / 10);
        this.ticker = ticker;
        this.tokens = Math.min(capacity, Math.max(1, perSecond / 10));
        this.filledMicros = ticker.micros();
    }

    /** {@code 100/s}, {@code 30/m}, {@code 5/h}, {@code 100} (a second), {@code max}; answers a number a second. */
    static double parse(String name, Object value) {
        String text = String.valueOf(value).trim().toLowerCase(Locale.ROOT);
        if (text.equals("max") || text.equals("unlimited")) {
            return Double.POSITIVE_INFINITY;
        }
        Matcher matcher = FORM.matcher(text);
        if (matcher.matches()) {
            double count = Double.parseDouble(matcher.group(1));
            String unit = matcher.group(2) == null ? "s" : matcher.group(2);
            double perSecond = count / (unit.equals("s") ? 1 : unit.equals("m") ? 60 : 3600);
            if (perSecond > 0) {
                return perSecond;
            }
        }
        throw Exchange.invalid(name + ": '" + value + "' (expected: a rate such as 100/s, 30/m, or max)");
    }

    /** How many of {@code wanted} may go now; they are spent. */
    int spend(int wanted) {
        if (Double.isInfinite(perSecond)) {
            return wanted;
        }
        long now = ticker.micros();
        tokens = Math.min(capacity, tokens + perSecond * (now - filledMicros) / SECOND);
        filledMicros = now;
        int allowed = (int) Math.min(wanted, Math.floor(tokens));
        tokens -= allowed;
        return allowed;
    }

    /** Until at least one may go. */
    long waitMillis() {
        return Double.isInfinite(perSecond) ? 0 : Math.max(1, (long) Math.ceil((1 - tokens) * 1000 / perSecond));
    }
}
