package io.forelog.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.config.DocumentParser.Parsed;
import io.forelog.model.ConfigSchema;
import io.forelog.queue.Capabilities;
import io.forelog.queue.QueueProvider;
import io.forelog.target.TargetProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Holds docs/namespaces.md against the parser: its keys, and the defaults that it tells. */
class NamespacesPageTest {
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z_.\\[\\]]+)` \\| (.*?) \\|");
    private static final Pattern QUEUE_KEY = Pattern.compile("`([a-z_.-]+)`");
    private static final Pattern EXAMPLE = Pattern.compile("```(?:yaml|json)\n(.*?)```", Pattern.DOTALL);
    private static final Path PAGE = Path.of("docs", "namespaces.md");
    private static final String BASE = "targets: [{name: x, type: log}]";

    private final DocumentParser parser = new DocumentParser(Catalogue.BUILT, Map.of());

    private static String section(String title) throws IOException {
        String page = Files.readString(PAGE);
        int start = page.indexOf("\n## " + title + "\n");
        return page.substring(start, page.indexOf("\n## ", start + 1));
    }

    private static Map<String, String> rows() throws IOException {
        Map<String, String> rows = new LinkedHashMap<>();
        Matcher row = ROW.matcher(section("Keys"));
        while (row.find()) {
            rows.put(row.group(1), row.group(2));
        }
        return rows;
    }

    @Test
    void thePageHasEveryKeyThereIsAndNoOther() throws IOException {
        assertThat(new TreeSet<>(rows().keySet())).isEqualTo(new TreeSet<>(DocumentParser.keys()));
    }

    @Test
    void everyDefaultOnThePageIsTheParsers() throws IOException {
        NamespaceDocument plain = parser.parse("ns", DocumentText.parse(BASE)).document();
        for (Map.Entry<String, String> row : rows().entrySet()) {
            if (row.getValue().startsWith("`") && !row.getKey().contains("[].serves")) {
                String value = row.getValue().replace("`", "");
                Parsed parsed = parser.parse("ns", with(row.getKey(), value));
                assertThat(parsed.problems()).as(row.getKey()).isEmpty();
                assertThat(parsed.document()).as(row.getKey()).isEqualTo(plain);
            }
        }
    }

    @Test
    void everyExampleIsADocumentAndOneSaysEveryKey() throws IOException {
        DocumentParser real = new DocumentParser(onTheClassPath(), Map.of());
        Matcher examples = EXAMPLE.matcher(Files.readString(PAGE));
        TreeSet<String> said = new TreeSet<>();
        int found = 0;
        while (examples.find()) {
            found++;
            Map<String, Object> example = DocumentText.parse(examples.group(1));
            assertThat(real.parse("example", example).problems())
                    .as(examples.group(1))
                    .isEmpty();
            collect("", example, said);
        }
        assertThat(found).isGreaterThanOrEqualTo(3);
        assertThat(said).containsAll(DocumentParser.keys());
    }

    /** The queues and targets that a node would find. */
    private static Adapters onTheClassPath() {
        Map<String, Adapters.QueueType> queues = new LinkedHashMap<>();
        ServiceLoader.load(QueueProvider.class).forEach(provider -> {
            Capabilities can = provider.capabilities();
            queues.put(
                    provider.type(),
                    new Adapters.QueueType(
                            provider.schema(),
                            can.longestDelay(),
                            can.order(),
                            can.delayWithOrder(),
                            can.largestEntryBytes()));
        });
        Map<String, ConfigSchema> targets = new LinkedHashMap<>();
        ServiceLoader.load(TargetProvider.class).forEach(provider -> targets.put(provider.type(), provider.schema()));
        return new Adapters(queues, targets);
    }

    private static void collect(String path, @Nullable Object value, Set<String> into) {
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, each) -> {
                String below = path.isEmpty() ? key.toString() : path + "." + key;
                into.add(below);
                collect(below, each, into);
            });
        } else if (value instanceof List<?> list) {
            list.forEach(each -> collect(path + "[]", each, into));
        }
    }

    @Test
    void whatHasNoEffectYetIsAKeyThatThereIs() throws IOException {
        Matcher named = Pattern.compile("`([a-z_.\\[\\]]+)`[,|]? ")
                .matcher(section("Keys without effect yet")
                        .lines()
                        .filter(line -> line.startsWith("| `"))
                        .map(line -> line.substring(2, line.indexOf(" |", 2)) + " ")
                        .collect(Collectors.joining()));
        int found = 0;
        while (named.find()) {
            found++;
            assertThat(DocumentParser.keys()).contains(named.group(1));
        }
        assertThat(found).isGreaterThanOrEqualTo(2);
    }

    /** The document that says {@code value} at {@code path}, which lies in the first target or in no list. */
    private static Map<String, Object> with(String path, String value) {
        Map<String, Object> document = DocumentText.parse(BASE);
        Map<String, Object> level = document;
        if (path.startsWith("targets[].")) {
            level = DocumentText.asMap(((java.util.List<?>) document.get("targets")).get(0));
            document.put("targets", java.util.List.of(level));
            path = path.substring("targets[].".length());
        }
        String[] steps = path.split("\\.");
        for (int i = 0; i < steps.length - 1; i++) {
            Map<String, Object> next = new LinkedHashMap<>();
            level.put(steps[i], next);
            level = next;
        }
        level.put(steps[steps.length - 1], DocumentText.parse("value: " + value).get("value"));
        return document;
    }

    @Test
    void thePageHasEveryKeyOfEveryQueue() throws IOException {
        TreeSet<String> named = new TreeSet<>();
        for (String line : section("Keys of every queue").lines().toList()) {
            if (line.startsWith("| `")) {
                Matcher key = QUEUE_KEY.matcher(line.substring(0, line.indexOf('|', 1)));
                while (key.find()) {
                    named.add(key.group(1));
                }
            }
        }
        assertThat(named)
                .isEqualTo(new TreeSet<>(PersistenceReader.COMMON.keys().keySet()));
    }
}
