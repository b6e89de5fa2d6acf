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
 * same boot:  the last time that was written + what the monotonic clock has run since; where it and the uptime contradict
 *             each other (sleep, a clock that begins anew with the process): + the least that can have passed by the uptime
 * other boot: the wall clock, never below the last time that was written
 * </pre>
 */
final class NodeClock {
    private static final Logger LOG = LoggerFactory.getLogger(NodeClock.class);
    private static final long TOLD_FROM_MICROS = 1_000_000L;
    private static final int TRIES = 10;

    /** How often {@link #write} is to be called: so much of its time a node may forget where the machine went down. */
    static final long WRITE_MILLIS = 5_000;

    /** Two uptimes are rounded, and a moment passes between the readings of two clocks. */
    private static final long AGREEMENT_MICROS = 2 * ClockSource.UPTIME_RESOLUTION_MICROS;

    private final Path file;
    private final ClockSource source;
    private final Reading start;
    private long toldMicros;

    /** The node's time at one moment of a boot, and what the machine's clocks said. It is what the file holds. */
    private record Reading(String boot, long micros, long nanos, long uptimeMicros) {}

    private NodeClock(Path file, ClockSource source, Reading start) {
        this.file = file;
        this.source = source;
        this.start = start;
    }

    /** Reads the file or makes it. Blocking. */
    static NodeClock open(Path data, ClockSource source) {
        Path file = data.resolve("clock");
        Optional<Reading> last = read(file);
        String boot = source.boot();
        long[] now = now(source);
        long wall = now[0];
        long uptime = now[1];
        long nanos = now[2];
        long micros = last.filter(l -> uptime >= 0
                        && !boot.isEmpty()
                        && boot.equals(l.boot())
                        // Less than it had run already: counted anew, as some containers do.
                        && uptime >= l.uptimeMicros())
                .map(l -> l.micros() + passed(uptime - l.uptimeMicros(), (nanos - l.nanos()) / 1_000L))
                .orElseGet(() -> Math.max(wall, last.map(Reading::micros).orElse(Long.MIN_VALUE)));
        NodeClock clock = new NodeClock(file, source, new Reading(boot, micros, nanos, uptime));
        clock.write();
        return clock;
    }

    /**
     * Wall clock, uptime, monotonic clock, the last one last: what passes between two readings makes the node late and never early.
     * A process that has just begun, on a busy machine, is slow to read them: the quickest of several tries.
     */
    private static long[] now(ClockSource source) {
        long[] best = new long[0];
        long took = Long.MAX_VALUE;
        for (int i = 0; i < TRIES; i++) {
            long begin = source.nanos();
            long[] now = {source.wallMicros(), source.uptimeMicros(), source.nanos()};
            if (now[2] - begin < took) {
                took = now[2] - begin;
                best = now;
            }
        }
        return best;
    }

    private static long passed(long uptimeMicros, long monotonicMicros) {
        return Math.abs(uptimeMicros - monotonicMicros) <= AGREEMENT_MICROS
                ? Math.max(0, monotonicMicros)
                : Math.max(0, uptimeMicros - ClockSource.UPTIME_RESOLUTION_MICROS);
    }

    Ticker ticker() {
        return this::micros;
    }

    private long micros() {
        return at(source.nanos());
    }

    private long at(long nanos) {
        return start.micros() + (nanos - start.nanos()) / 1_000L;
    }

    /** How far the node's time is ahead of the wall clock, below 0 behind it. */
    double offsetSeconds() {
        return (micros() - source.wallMicros()) / 1e6;
    }

    /** Keeps how far the node's time has come, and tells where the wall clock was set meanwhile. Blocking. */
    void write() {
        long uptime = source.uptimeMicros();
        long nanos = source.nanos();
        long now = at(nanos);
        tell(now - source.wallMicros());
        String text =
                "# How far this node's time has come (docs/adr/0030-the-clock-over-restarts.md). Where the wall clock is right\n"
                        + "# and this is not: stop the node, remove this file, start it.\n"
                        + "boot=" + start.boot() + "\nmicros=" + now + "\nnanos=" + nanos + "\nuptime_micros=" + uptime
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

    private static Optional<Reading> read(Path file) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Properties values = new Properties();
        try (var in = Files.newBufferedReader(file)) {
            values.load(in);
            return Optional.of(new Reading(
                    values.getProperty("boot", ""),
                    number(values, "micros"),
                    number(values, "nanos"),
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
        if (!text.matches("-?\\d{1,19}")) {
            throw new WalException(ErrorCode.CORRUPT, key + ": '" + text + "' (expected: a whole number)");
        }
        return Long.parseLong(text);
    }
}
