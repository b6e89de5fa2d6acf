package io.forelog.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line without a node. */
class CommandsTest {
    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    /** In the place of the real root. */
    @Command(name = "forelog")
    static final class Root {}

    private CommandLine commands() {
        return Commands.addTo(new CommandLine(new Root()))
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err));
    }

    private int execute(String... words) {
        return commands().execute(words);
    }

    @Test
    void aDurationThatIsNoneIsToldWithoutJavaWords() {
        assertThat(execute("write", "x", "--delay", "3")).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("Invalid value for option '--delay': '3' (expected: an ISO-8601 duration such as PT3S)");
    }

    @Test
    void aMisuseIsToldInALineOrTwoAndNotUnderAPageOfHelp() {
        for (String line : List.of(
                "write --count many x|Invalid value for option '--count': 'many' (expected: a whole number)",
                "namespace rollback ns --to x|Invalid value for option '--to': 'x' (expected: a whole number)",
                "write --count 3000000000 x|Invalid value for option '--count': '3000000000' (expected: a whole number)",
                "write --url http://:x y|--url: 'http://:x' (expected: http://HOST:PORT)",
                "write --url notaport:x y|--url: 'http://notaport:x' (expected: http://HOST:PORT)",
                "write --grpc --url notaport:x y|--url: 'grpc://notaport:x' (expected: HOST:PORT)",
                "receive --port 99999|--port: 99999 (expected: 0 to 65535)",
                "job cancel x|-n NAME is expected",
                "receive --status 99|--status: 99 (expected: 200 to 599)",
                "write --header foo x|Value for option '--header' (NAME=VALUE)",
                "namespace get|Missing required parameter: 'NAME'")) {
            err.getBuffer().setLength(0);
            String[] told = line.split("\\|");
            assertThat(execute(told[0].split(" "))).as(told[0]).isEqualTo(2);
            assertThat(err.toString()).as(told[0]).startsWith(told[1]).contains("--help");
            assertThat(err.toString().lines()).as(told[0]).hasSize(2);
        }
        err.getBuffer().setLength(0);
        assertThat(execute("namespace", "bogus")).isEqualTo(2);
        assertThat(err.toString()).startsWith("bogus: no such command").contains("rollback");
    }

    @Test
    void aUrlThatIsNoneAndADirectoryOfTheNodeAreToldFromTheRightOnes() throws Exception {
        assertThat(execute("audit", "--url", "ftp://x")).isEqualTo(1);
        assertThat(err.toString()).contains("INVALID_ARGUMENT: url: 'ftp://x' (expected: e.g. http://127.0.0.1:8081)");
        Files.writeString(directory.resolve("forelog.yaml"), "name: x\n");
        assertThat(execute("namespace", "apply", directory.toString())).isEqualTo(1);
        assertThat(err.toString())
                .contains(
                        "the configuration of a node",
                        directory.resolve("namespaces").toString());
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        assertThat(execute("write", "-f", "/none")).isEqualTo(1);
        assertThat(err.toString()).isEqualToIgnoringNewLines("forelog: --file: /none: no such file");
    }

    @Test
    void aKeyThatHasExpiredIsNotMade() {
        assertThat(execute("apikey", "create", "x", "--expires", "2020-01-31T00:00:00Z"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--expires: '2020-01-31T00:00:00Z' (expected: a time to come)");
    }

    @Test
    void aFailureIsToldWithoutTheNameOfItsClass() {
        String backup = directory.resolve("none").toString();
        assertThat(execute("restore", backup, "--data", directory.resolve("d").toString()))
                .isEqualTo(1);
        assertThat(err.toString()).startsWith("forelog: " + backup + ": not a backup");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dlq",
                "dlq purge",
                "entry get",
                "entry reschedule 0198c2a4-7a10-7001-8000-1c2d3e4f5a6b",
                "replay",
                "namespace rollback ns",
                "write --count 0 x",
                "write --http --grpc x",
                "dlq redrive --filter [1]",
                "replay --from PT1H --omit a --omit-filter {}",
                "audit --nonsense",
                "receive --fail-rate 2",
                "dlq list -o xml"
            })
    void aMisuseIsCode2AndNamesWhatWasExpected(String line) {
        assertThat(execute(line.split(" "))).isEqualTo(2);
        assertThat(err.toString()).isNotBlank();
    }

    @ParameterizedTest
    @ValueSource(strings = {"dlq list", "health", "audit", "namespace list", "pump status", "write hello", "backup"})
    void saysHowToStartWhereNobodyListensAndEndsWith1(String line) {
        List<String> words = new ArrayList<>(List.of(line.split(" ")));
        words.addAll(List.of("--url", "http://127.0.0.1:1"));
        assertThat(execute(words.toArray(String[]::new))).isEqualTo(1);
        assertThat(err.toString())
                .isEqualToIgnoringNewLines("forelog: no Forelog at http://127.0.0.1:1 (expected: ./forelog start in"
                        + " another terminal)");
    }

    @Test
    void everyCommandExplainsItself() {
        every(commands(), new ArrayList<>());
    }

    private void every(CommandLine line, List<String> path) {
        assertThat(line.getUsageMessage()).as(path.toString()).contains("Usage:");
        assertThat(line.getCommandSpec().usageMessage().footer())
                .as("%s: examples in a terminal of 80 columns", path)
                .allMatch(example -> String.format(example).length() <= 80);
        if (!path.isEmpty()) {
            assertThat(line.getCommandSpec().usageMessage().description())
                    .as(path.toString())
                    .isNotEmpty();
        }
        line.getSubcommands().forEach((name, sub) -> {
            List<String> deeper = new ArrayList<>(path);
            deeper.add(name);
            every(sub, deeper);
        });
    }

    @Test
    void everyCommandIsInTheDocumentation() throws Exception {
        String page = Files.readString(Path.of("docs/cli.md"));
        commands().getSubcommands().forEach((name, command) -> {
            assertThat(page).contains("forelog " + name);
            command.getSubcommands().keySet().forEach(sub -> assertThat(page).contains("forelog " + name + " " + sub));
        });
    }

    @Test
    void findsTheNodeByItsPortsFile() throws Exception {
        Files.writeString(directory.resolve("ports.json"), "{\"http\": 5, \"grpc\": 6, \"management\": 7}");
        Node node = new Node();
        new CommandLine(new Holder(node)).parseArgs("--data", directory.toString());
        assertThat(node.url(java.util.Map.of())).isEqualTo("http://127.0.0.1:7");
        assertThat(node.port("grpc", 9090, java.util.Map.of())).isEqualTo(6);
        assertThat(node.port("other", 1, java.util.Map.of())).isEqualTo(1);
        assertThat(new Node().url(java.util.Map.of("FORELOG_URL", "http://h:1")))
                .isEqualTo("http://h:1");
        assertThat(new Node().url(java.util.Map.of("FORELOG_DATA", directory.toString())))
                .isEqualTo("http://127.0.0.1:7");
    }

    /** Holds the options as a command does. */
    @Command
    record Holder(@CommandLine.Mixin Node node) {}

    @Test
    void restoresIntoAnEmptyDirectoryOnly() throws Exception {
        Path backup = Files.createDirectories(directory.resolve("backup/queue/main"));
        Files.writeString(backup.resolve("CURRENT"), "MANIFEST-1\n");
        Path data = directory.resolve("data");
        String from = directory.resolve("backup").toString();
        assertThat(execute("restore", from, "--data", data.toString())).isZero();
        assertThat(data.resolve("queue/main/CURRENT")).hasContent("MANIFEST-1\n");
        assertThat(directory.resolve("data.restoring")).doesNotExist();
        assertThat(execute("restore", from, "--data", data.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("not empty");
        assertThat(execute("restore", directory.resolve("nope").toString(), "--data", directory + "/d2"))
                .isEqualTo(1);
        assertThat(execute("restore", from, "--data", from + "/inside")).isEqualTo(1);
    }

    @Test
    void comparesDocumentsByPathAndElementsByName() {
        JsonObject before = new JsonObject(
                "{\"retry\":{\"max_attempts\":3},\"targets\":[{\"name\":\"a\",\"type\":\"log\"},{\"name\":\"b\",\"type\":\"log\"}]}");
        JsonObject after = new JsonObject(
                "{\"retry\":{\"max_attempts\":5},\"targets\":[{\"name\":\"b\",\"type\":\"log\"}],\"shard\":\"x\"}");
        assertThat(Documents.diff(before, after))
                .containsExactly(
                        "~ retry.max_attempts: 3 -> 5", "+ shard: x", "- targets[a].name: a", "- targets[a].type: log");
    }

    @Test
    void aDocumentThatIsExportedIsReadBackAsItWas() throws Exception {
        JsonObject document = new JsonObject(
                "{\"targets\":[{\"name\":\"a\",\"config\":{\"url\":\"http://h/\",\"user\":\"17\",\"on\":true}}],\"retry\":{\"max\":\"PT1M\"}}");
        Path file = Files.writeString(directory.resolve("orders.yaml"), Documents.yaml(document.copy()) + "\n");
        assertThat(Documents.diff(document, Documents.read(file).get(0).content()))
                .isEmpty();
        assertThat(file).content().contains("user: \"17\"");
    }

    @Test
    void takesADocumentsNameElseItsFiles() throws Exception {
        Files.writeString(directory.resolve("orders.yaml"), "targets: []\n");
        Files.writeString(directory.resolve("z.json"), "{\"namespace\": \"named\"}");
        Files.writeString(directory.resolve("README.md"), "no document");
        assertThat(Documents.read(directory))
                .extracting(Documents.Document::name)
                .containsExactly("orders", "named");
    }
}
