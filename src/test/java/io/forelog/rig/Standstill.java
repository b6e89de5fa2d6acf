package io.forelog.rig;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Whether a process stands still: a signal is sent at once, but a thread on another core runs on until it has got it. Stateless. */
public final class Standstill {
    private Standstill() {}

    /** Ends when all threads of a process that was sent SIGSTOP are stopped, or gone. */
    public static void await(long pid) {
        Path tasks = Path.of("/proc/" + pid + "/task");
        Await.until("all threads of " + pid + " stand still", Duration.ofSeconds(10), () -> {
            try (Stream<Path> each = Files.list(tasks)) {
                List<Path> all = each.toList();
                return all.stream().allMatch(Standstill::isStopped);
            } catch (IOException gone) {
                return true;
            }
        });
    }

    private static boolean isStopped(Path task) {
        try {
            String stat = Files.readString(task.resolve("stat"));
            return "TtZX".indexOf(stat.charAt(stat.lastIndexOf(')') + 2)) >= 0;
        } catch (IOException | UncheckedIOException gone) {
            return true;
        }
    }
}
