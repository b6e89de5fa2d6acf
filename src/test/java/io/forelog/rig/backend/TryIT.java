package io.forelog.rig.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.Await;
import io.forelog.rig.Ports;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher's {@code try}, as a user types it. */
@Timeout(180)
class TryIT {
    @TempDir
    Path directory;

    private Process launch(Path output, String... arguments) throws IOException {
        String[] command = new String[arguments.length + 2];
        command[0] = Path.of("forelog").toAbsolutePath().toString();
        command[1] = "try";
        System.arraycopy(arguments, 0, command, 2, arguments.length);
        return new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .start();
    }

    @ParameterizedTest
    @ValueSource(strings = {"kafka", "sqs"})
    void saysWhereItListensAndEndsTheBrokerWithItself(String what) throws Exception {
        BackendClasspath.of(what.equals("sqs") ? "elasticmq" : what); // fetched before the clock runs
        int port = Ports.free();
        Path output = directory.resolve("output");
        Process launched = launch(output, what, "--port", Integer.toString(port));
        try {
            Await.until(
                    "it says that it listens",
                    Duration.ofSeconds(60),
                    () -> read(output).contains("is listening on 127.0.0.1:" + port),
                    () -> read(output));
            assertThat(listens(port)).isTrue();
            assertThat(directory.resolve("data/try/" + what)).isDirectory();
            launched.destroy();
            assertThat(launched.waitFor(40, TimeUnit.SECONDS)).isTrue();
            assertThat(listens(port)).isFalse();
        } finally {
            launched.descendants().forEach(ProcessHandle::destroyForcibly);
            launched.destroyForcibly();
        }
    }

    @Test
    void namesWhatItCannotTry() throws Exception {
        Path output = directory.resolve("output");
        Process launched = launch(output, "rabbits");
        assertThat(launched.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(launched.exitValue()).isEqualTo(2);
        assertThat(read(output)).contains("'rabbits' (expected: kafka or sqs)");
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static String read(Path output) {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            return "";
        }
    }
}
