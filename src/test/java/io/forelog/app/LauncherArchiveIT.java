package io.forelog.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.ServiceClasspath;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The launcher's {@code archive}, in an installation laid out as in the container image. */
@Timeout(240)
class LauncherArchiveIT {
    private static final String SHARED = "io.forelog.app.Main source: shared objects file";

    @TempDir
    Path home;

    @BeforeEach
    void install() throws IOException {
        Path jar = Path.of(ServiceClasspath.find().split(File.pathSeparator)[0]);
        Assumptions.assumeTrue(jar.toString().endsWith(".jar"), "no packaged service");
        Files.copy(Path.of("forelog"), home.resolve("forelog"), java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
        Path lib = Files.createDirectory(home.resolve("lib"));
        Files.createSymbolicLink(lib.resolve(jar.getFileName()), jar);
        try (Stream<Path> jars = Files.list(jar.resolveSibling("lib"))) {
            for (Path one : jars.toList()) {
                Files.createSymbolicLink(lib.resolve(one.getFileName()), one);
            }
        }
    }

    @Test
    void commandsStartFromTheArchiveAsLongAsItFitsAndTheSameWithoutIt() throws Exception {
        assertThat(launch("--version")).contains("forelog ").doesNotContain(SHARED);
        Path archive = home.resolve("lib/forelog.jsa");
        assertThat(launch("archive").strip()).isEqualTo(archive.toString());
        try (Stream<Path> files = Files.list(home.resolve("lib"))) {
            assertThat(files.map(file -> file.getFileName().toString()).filter(name -> !name.endsWith(".jar")))
                    .as("nothing is left lying about")
                    .containsExactlyInAnyOrder("forelog.jsa", "forelog.jsa.for");
        }
        assertThat(launch("--version")).contains(SHARED);

        Path adapter = Files.copy(jarOf(Test.class), home.resolve("lib/adapter.jar"));
        assertThat(launch("--version"))
                .contains("forelog ")
                .doesNotContain(SHARED)
                .as("the JVM's own is used")
                .contains("java.lang.Object source: shared objects file");
        Files.delete(adapter);
        assertThat(launch("--version")).contains(SHARED);
    }

    private static Path jarOf(Class<?> type) throws Exception {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    private String launch(String argument) throws Exception {
        Path output = home.resolve("output");
        ProcessBuilder builder = new ProcessBuilder(
                        List.of(home.resolve("forelog").toString(), argument))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.environment()
                .putAll(Map.of("JAVA_HOME", System.getProperty("java.home"), "JAVA_OPTS", "-Xlog:class+load"));
        Process process = builder.start();
        assertThat(process.waitFor(200, TimeUnit.SECONDS)).isTrue();
        String printed = Files.readString(output);
        assertThat(process.exitValue()).as(printed).isZero();
        return printed;
    }
}
