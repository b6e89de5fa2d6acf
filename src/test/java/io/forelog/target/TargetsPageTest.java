package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.config.Adapters;
import io.forelog.config.DocumentParser;
import io.forelog.config.DocumentText;
import io.forelog.config.NamespaceDocument.TargetConfiguration;
import io.forelog.model.ConfigSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Holds docs/targets.md against the code. Where a table differs, run this with {@code -Dforelog.docs.write=true}: it
 * writes the tables of the code into the page.
 */
class TargetsPageTest {
    private static final Path PAGE = Path.of("docs", "targets.md");
    private static final Pattern YAML = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);

    private final TargetTypes types = TargetTypes.load();

    private TargetProvider provider(String type) {
        TargetProvider provider = types.find(type);
        assertThat(provider).isNotNull();
        return provider;
    }

    @Test
    void thePageHasTheTablesThatTheCodeHas() throws IOException {
        String page = Files.readString(PAGE);
        String written = page;
        for (String type : types.names()) {
            written = replace(written, type + " config", config(provider(type).schema()));
            written =
                    replace(written, type + " outcomes", outcomes(provider(type).retryTable()));
        }
        if (Boolean.getBoolean("forelog.docs.write")) {
            Files.writeString(PAGE, written);
        } else {
            assertThat(page).isEqualTo(written);
        }
    }

    @Test
    void everyExampleIsANamespaceDocumentAndEveryTypeHasOne() throws IOException {
        Map<String, ConfigSchema> schemas = new LinkedHashMap<>();
        types.names().forEach(type -> schemas.put(type, provider(type).schema()));
        Adapters.QueueType embedded =
                new Adapters.QueueType(ConfigSchema.EMPTY, Duration.ofDays(365), true, true, 16 << 20);
        DocumentParser parser = new DocumentParser(new Adapters(Map.of("EMBEDDED", embedded), schemas), Map.of());
        Set<String> shown = new HashSet<>();
        Matcher examples = YAML.matcher(Files.readString(PAGE));
        while (examples.find()) {
            DocumentParser.Parsed parsed = parser.parse("example", DocumentText.parse(examples.group(1)));
            assertThat(parsed.problems()).isEmpty();
            assertThat(parsed.document()).isNotNull();
            parsed.document().targets().stream().map(TargetConfiguration::type).forEach(shown::add);
        }
        assertThat(shown).isEqualTo(types.names());
    }

    private static String replace(String page, String name, String table) {
        String begin = "<!-- " + name + " -->\n";
        String end = "<!-- end -->";
        int from = page.indexOf(begin);
        assertThat(from).as("the page has a place for " + name).isNotNegative();
        int to = page.indexOf(end, from);
        return page.substring(0, from + begin.length()) + table + page.substring(to);
    }

    private static String config(ConfigSchema schema) {
        StringBuilder table = new StringBuilder("| key | kind | default | meaning |\n|---|---|---|---|\n");
        schema.keys()
                .values()
                .forEach(key -> table.append("| `")
                        .append(key.name())
                        .append("` | ")
                        .append(key.kind().words())
                        .append(" | ")
                        .append(key.required() ? "required" : key.defaultText().isEmpty() ? "none" : key.defaultText())
                        .append(" | ")
                        .append(key.meaning())
                        .append(" |\n"));
        return table.toString();
    }

    private static String outcomes(RetryTable outcomes) {
        StringBuilder table = new StringBuilder("| answer | outcome | remark |\n|---|---|---|\n");
        outcomes.rows()
                .forEach(row -> table.append("| ")
                        .append(row.answer())
                        .append(" | ")
                        .append(row.outcome())
                        .append(" | ")
                        .append(row.remark())
                        .append(" |\n"));
        return table.toString();
    }
}
