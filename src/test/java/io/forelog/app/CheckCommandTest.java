package io.forelog.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Configurations that are judged with no node running. */
class CheckCommandTest {
    private static final String GOOD = "targets: [{name: t, type: log, default: true}]\n";

    @TempDir
    private Path conf;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int check(Object... words) {
        String[] line = new String[words.length + 2];
        line[0] = "config";
        line[1] = "check";
        for (int i = 0; i < words.length; i++) {
            line[i + 2] = words[i].toString();
        }
        return Main.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(line);
    }

    private Path write(String name, String text) throws IOException {
        Path file = conf.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    @Test
    void whatComesWithTheServiceIsGood() {
        assertThat(check("--conf", "conf")).as(out + "" + err).isZero();
        assertThat(out.toString())
                .contains("forelog.yaml: good")
                .containsPattern("quickstart \\(.*quickstart.yaml\\): good")
                .contains("1 document, 0 refused");
    }

    @Test
    void everyProblemOfEveryDocumentIsToldAndEndsWith1() throws IOException {
        write("namespaces/good.yaml", GOOD);
        write("namespaces/bad.yaml", GOOD + "retry: {max_attempts: 0, multiplier: x}\nqueue: 1\n");
        write("namespaces/torn.yaml", "targets: [");
        assertThat(check("--conf", conf)).isEqualTo(1);
        assertThat(out.toString())
                .contains("forelog.yaml: not there, every default holds")
                .containsPattern("(?m)^good \\(.*\\): good$")
                .containsPattern("(?m)^bad \\(.*\\): refused$")
                .contains("  retry.max_attempts: 0 (expected", "  retry.multiplier: x", "  queue: unknown key")
                .contains("  torn.yaml: document: not YAML at line 1")
                .endsWith("3 documents, 2 refused" + System.lineSeparator());
    }

    @Test
    void oneDocumentIsJudgedWithTheNodesDefaults() throws IOException {
        write("forelog.yaml", "namespace_defaults: { " + GOOD.strip() + " }\n");
        Path file = write("elsewhere/orders.yml", "namespace: sales\nretention: P1D\n");
        write("elsewhere/other.yml", "nonsense: 1\n");
        assertThat(check("--conf", conf, file)).as(out + "" + err).isZero();
        assertThat(out.toString()).contains("sales (" + file + "): good").doesNotContain("other");
    }

    @Test
    void aNodesConfigurationThatIsBadIsToldWithItsFile() throws IOException {
        write("forelog.yaml", "ports: {http: 70000}\nunknown: 1\n");
        assertThat(check("--conf", conf)).isEqualTo(1);
        assertThat(err.toString()).contains("forelog.yaml", "ports.http: 70000 (expected", "unknown: unknown key");
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        assertThat(check("--conf", conf, conf.resolve("none.yaml"))).isEqualTo(1);
        assertThat(err.toString()).contains("none.yaml: no such file (expected: a document");
    }

    @Test
    void aNamespaceThatTwoFilesGiveIsRefused() throws IOException {
        write("namespaces/a.yaml", "namespace: same\n" + GOOD);
        write("namespaces/b.yaml", "namespace: same\n" + GOOD);
        assertThat(check("--conf", conf)).isEqualTo(1);
        assertThat(out.toString()).contains("given by both a.yaml and b.yaml");
    }
}
