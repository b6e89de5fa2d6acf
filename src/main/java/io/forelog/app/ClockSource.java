package io.forelog.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The machine's clocks: the wall's, which anybody may set; the monotonic one of this process; and how long the machine has run
 * since it was booted, sleep included, where it tells. Stateless; any thread. Tests set theirs by hand.
 */
interface ClockSource {
    /** What {@link #uptimeMicros} is rounded down to. */
    long UPTIME_RESOLUTION_MICROS = 10_000;

    long wallMicros();

    /** {@link System#nanoTime()}. */
    long nanos();

    /** Since the boot; -1 where the machine does not tell. */
    long uptimeMicros();

    /** Names the boot; empty where the machine does not tell. */
    String boot();

    /** This machine's, Linux or another. */
    static ClockSource machine() {
        return new ClockSource() {
            @Override
            public long wallMicros() {
                return System.currentTimeMillis() * 1_000L;
            }

            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public long uptimeMicros() {
                String text = read("/proc/uptime");
                int dot = text.indexOf('.');
                int end = text.indexOf(' ');
                // Seconds with two digits behind the point.
                return dot > 0 && end == dot + 3
                        ? Long.parseLong(text.substring(0, dot)) * 1_000_000L
                                + Long.parseLong(text.substring(dot + 1, end)) * UPTIME_RESOLUTION_MICROS
                        : -1;
            }

            @Override
            public String boot() {
                return read("/proc/sys/kernel/random/boot_id").trim();
            }
        };
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            return "";
        }
    }
}
