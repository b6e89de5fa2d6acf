package io.forelog.rig;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With real JVMs, on a jar of one class. */
@Timeout(180)
class ClassArchiveIT {
    private static final String OWN = Said.class.getName() + " source: ";

    @TempDir
    Path directory;

    /** What the JVMs run. */
    static final class Said {
        private Said() {}

        public static void main(String[] arguments) {
            System.out.println("said");
        }
    }

    @Test
    void isMadeOfWhatTheFirstJvmsLoadAndServesThoseBehind() throws Exception {
        Path jar = jar();
        ClassArchive archives = new ClassArchive(directory.resolve("archives"), true, 1_000);
        for (int recorder = 0; recorder < 2; recorder++) {
            assertThat(run(jar, archives.flags("said", jar.toString(), 2)))
                    .contains("said")
                    .doesNotContain(OWN + "shared");
        }
        assertThat(archives.flags("said", jar.toString(), 2)).isEmpty();
        awaitArchive(archives, jar);
        List<String> flags = archives.flags("said", jar.toString(), 0);
        assertThat(run(jar, flags)).contains("said", OWN + "shared");
        assertThat(run(jar, flags, directory.resolve("adapters").toString()))
                .as("with more behind")
                .contains("said", OWN + "shared");
        assertThat(new ClassArchive(directory.resolve("archives"), false, 1_000).flags("said", jar.toString(), 2))
                .as("a JVM that makes none")
                .isEqualTo(flags);

        Files.setLastModifiedTime(jar, FileTime.fromMillis(1_000_000_000_000L));
        assertThat(run(jar, flags)).as("flags of before").contains("said").doesNotContain(OWN + "shared", "warning");
        assertThat(archives.flags("said", jar.toString(), 0))
                .as("of another jar")
                .isEmpty();
    }

    @Test
    void nothingFailsWhereItCannotBeMade() throws Exception {
        Path jar = jar();
        ClassArchive archives = new ClassArchive(directory.resolve("archives"), true, 1_000);
        run(jar, archives.flags("said", jar.toString(), 1));
        Path list;
        try (Stream<Path> files = Files.list(directory.resolve("archives"))) {
            list = files.findFirst().orElseThrow();
        }
        String name = list.getFileName().toString().replaceFirst("\\..*", ".jsa");
        Files.createDirectories(list.resolveSibling(name + ".new/not-to-be-replaced"));
        assertThat(archives.flags("said", jar.toString(), 1)).isEmpty();
        Path log = list.resolveSibling(name + ".out");
        Await.until("it was tried", Duration.ofSeconds(120), () -> Files.exists(log) && !isMaking());
        assertThat(archives.flags("said", jar.toString(), 1)).isEmpty();
    }

    @Test
    void classesOutsideOfJarsHaveNone() {
        ClassArchive archives = new ClassArchive(directory.resolve("archives"), true, 1_000);
        assertThat(archives.flags("said", directory.toString(), 1)).isEmpty();
        assertThat(directory.resolve("archives")).doesNotExist();
    }

    private static boolean isMaking() {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().equals("archive-said"));
    }

    private static void awaitArchive(ClassArchive archives, Path jar) {
        Await.until(
                "the archive is there",
                Duration.ofSeconds(120),
                () -> !archives.flags("said", jar.toString(), 0).isEmpty());
    }

    private Path jar() throws IOException {
        Files.createDirectories(directory.resolve("adapters/some"));
        Path jar = directory.resolve("said.jar");
        String entry = Said.class.getName().replace('.', '/') + ".class";
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                InputStream in = Said.class.getClassLoader().getResourceAsStream(entry)) {
            out.putNextEntry(new JarEntry(entry));
            in.transferTo(out);
        }
        return jar;
    }

    /** What it prints, and where from it loads what. */
    private String run(Path jar, List<String> flags, String... more) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        List<String> classpath = new ArrayList<>(List.of(jar.toString()));
        classpath.addAll(List.of(more));
        command.addAll(List.of("-Xlog:class+load", "-cp", String.join(":", classpath), Said.class.getName()));
        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor()).isZero();
        return Files.readString(output, StandardCharsets.UTF_8);
    }
}
