package io.forelog.app;

import io.forelog.config.DurableFile;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's time, carried over restarts in the file {@code <data>/clock}, so that a wall clock that is set back or ahead
 * between two lives hastens nothing and moves no time back (ADR 30). Opened once, at the start; {@link #write} is called by one
 * thread at a time, the ticker by any.
 *
 * <pre>
 * same boot:  what the node's time was when it was anchored + what the machine has run since, never below the highest written
 * other boot: the wall clock, never below the highest written
 * </pre>
 */
final class NodeClock {
    private static final Logger LOG = LoggerFactory.getLogger(NodeClock.class);
    private static final long TOLD_FROM_MICROS = 1_000_000L;

    /** How often {@link #write} is to be called: so much of its time a node may forget where the machine went down. */
    static final long WRITE_MILLIS = 5_000;

    private final Path file;
    private final ClockSource source;
    private final Ticker ticker;
    private final Anchor anchor;
    private long toldMicros;

    /** The node's time at a moment of one boot, given by how long the machine had run. */
    private record Anchor(String boot, long micros, long uptimeMicros) {}

    /** What the file says. */
    private record Known(Anchor anchor, long highestMicros, long uptimeMicros) {}

    private NodeClock(Path file, ClockSource source, Anchor anchor, long startMicros) {
        this.file = file;
        this.source = source;
        this.anchor = anchor;
        this.ticker = Ticker.anchored(startMicros, source::nanos);
    }

    /** Reads the file or makes it. Blocking. */
    static NodeClock open(Path data, ClockSource source) {
        Path file = data.resolve("clock");
        Optional<Known> known = read(file);
        long wall = source.wallMicros();
        long uptime = source.uptimeMicros();
        Optional<Anchor> same = known.filter(k -> uptime >= 0
                        && !k.anchor().boot().isEmpty()
                        && k.anchor().boot().equals(source.boot())
                        // Less than it had run already: counted anew, as some containers do.
                        && uptime >= k.uptimeMicros())
                .map(Known::anchor);
        long reached = same.map(a -> a.micros() + uptime - a.uptimeMicros()).orElse(wall);
        long start = Math.max(reached, known.map(Known::highestMicros).orElse(Long.MIN_VALUE));
        Anchor anchor = same.orElse(new Anchor(source.boot(), start, uptime + ClockSource.UPTIME_RESOLUTION_MICROS));
        NodeClock clock = new NodeClock(file, source, anchor, start);
        clock.write();
        return clock;
    }

    Ticker ticker() {
        return ticker;
    }

    /** How far the node's time is ahead of the wall clock, below 0 behind it. */
    double offsetSeconds() {
        return (ticker.micros() - source.wallMicros()) / 1e6;
    }

    /** Keeps how far the node's time has come, and tells where the wall clock was set meanwhile. Blocking. */
    void write() {
        long now = ticker.micros();
        tell(now - source.wallMicros());
        String text =
                "# How far this node's time has come (docs/adr/0030-the-clock-over-restarts.md). Where the wall clock is right\n"
                        + "# and this is not: stop the node, remove this file, start it.\n"
                        + "boot=" + anchor.boot() + "\nanchor_micros=" + anchor.micros() + "\nanchor_uptime_micros="
                        + anchor.uptimeMicros() + "\nhighest_micros=" + now + "\nuptime_micros=" + source.uptimeMicros()
                        + "\n";
        try {
            DurableFile.write(file, text);
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue(LogKeys.FILE, file)
                    .addKeyValue(LogKeys.REASON, e.toString())
                    .log("the node's time could not be written down");
        }
    }

    private void tell(long offsetMicros) {
        if (Math.abs(offsetMicros - toldMicros) >= TOLD_FROM_MICROS) {
            toldMicros = offsetMicros;
            LOG.atWarn()
                    .addKeyValue(LogKeys.FILE, file)
                    .addKeyValue(LogKeys.MILLIS, offsetMicros / 1_000)
                    .log(
                            "the wall clock was set, the node's time goes on as it was: ahead of it by so much, below 0 behind");
        }
    }

    private static Optional<Known> read(Path file) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Properties values = new Properties();
        try (var in = Files.newBufferedReader(file)) {
            values.load(in);
            return Optional.of(new Known(
                    new Anchor(
                            values.getProperty("boot", ""),
                            number(values, "anchor_micros"),
                            number(values, "anchor_uptime_micros")),
                    number(values, "highest_micros"),
                    number(values, "uptime_micros")));
        } catch (IOException | IllegalArgumentException | WalException e) {
            LOG.atWarn()
                    .addKeyValue(LogKeys.FILE, file)
                    .addKeyValue(LogKeys.REASON, e.toString())
                    .log("the node's time can't be read; the wall clock is believed");
            return Optional.empty();
        }
    }

    private static long number(Properties values, String key) {
        String text = values.getProperty(key, "");
        if (!text.matches("-?\\d{1,18}")) {
            throw new WalException(ErrorCode.CORRUPT, key + ": '" + text + "' (expected: a whole number)");
        }
        return Long.parseLong(text);
    }
}
