package io.forelog.client.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The CPU time that a process on this machine has used, from {@code /proc}. Immutable.
 *
 * @param pid 0 = none is watched
 */
public record ServerCpu(long pid) {
    /** Linux counts in hundredths of a second, whatever the clock's own rate (USER_HZ). */
    private static final long MICROS_A_TICK = 10_000;

    /** User and system time so far; -1 where it can't be read. */
    public long micros() {
        if (pid <= 0) {
            return -1;
        }
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * MICROS_A_TICK;
        } catch (IOException | RuntimeException e) {
            return -1;
        }
    }

    /** Resident memory in bytes; -1 where it can't be read. */
    public long residentBytes() {
        if (pid <= 0) {
            return -1;
        }
        try {
            for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
                }
            }
        } catch (IOException | RuntimeException e) {
            // told by -1
        }
        return -1;
    }
}
