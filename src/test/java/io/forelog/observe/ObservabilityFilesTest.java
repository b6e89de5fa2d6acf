package io.forelog.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.forelog.consume.PumpStatus;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The dashboard and the alert rules name metrics that exist. */
class ObservabilityFilesTest {
    private static final Path FILES = Path.of("docs/observability");
    private static final Pattern METRIC = Pattern.compile("\\bforelog_[a-z0-9_]+");

    private static Set<String> known() throws IllegalAccessException {
        Set<String> names = new TreeSet<>();
        for (Field field : MetricNames.class.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.getType() == String.class) {
                names.add(((String) field.get(null)).replace('.', '_'));
            }
        }
        return names;
    }

    private static Set<String> named(String text) {
        Set<String> names = new TreeSet<>();
        Matcher matcher = METRIC.matcher(text);
        while (matcher.find()) {
            names.add(matcher.group());
        }
        return names;
    }

    private static void assertKnown(String file) throws Exception {
        Set<String> names = named(Files.readString(FILES.resolve(file)));
        assertThat(names).isNotEmpty();
        for (String name : names) {
            String base = name.replaceFirst("_seconds(_bucket|_sum|_count|_max)?$", "")
                    .replaceFirst("_(total|bucket|sum|count|max)$", "");
            assertThat(known()).as(name).contains(base);
        }
    }

    @Test
    void theDashboardNamesMetricsThatExist() throws Exception {
        assertKnown("dashboard.json");
        JsonNode dashboard =
                new ObjectMapper().readTree(FILES.resolve("dashboard.json").toFile());
        assertThat(dashboard.get("panels").size()).isGreaterThan(8);
    }

    @Test
    void theAlertsNameOutcomesThatExist() throws Exception {
        Set<String> states = new TreeSet<>();
        for (PumpStatus.State state : PumpStatus.State.values()) {
            states.add(state.name().toLowerCase(Locale.ROOT));
        }
        Matcher matcher = Pattern.compile("route_paused\\{outcome=\"(\\w+)\"")
                .matcher(Files.readString(FILES.resolve("alerts.yaml")));
        assertThat(matcher.find()).isTrue();
        do {
            assertThat(states).contains(matcher.group(1));
        } while (matcher.find());
    }

    @Test
    void theAlertsNameMetricsThatExistAndSayWhatToDo() throws Exception {
        assertKnown("alerts.yaml");
        JsonNode rules =
                new YAMLMapper().readTree(FILES.resolve("alerts.yaml").toFile()).at("/groups/0/rules");
        assertThat(rules.size()).isGreaterThan(5);
        for (JsonNode rule : rules) {
            assertThat(rule.at("/annotations/summary").asText()).isNotBlank();
            assertThat(rule.at("/annotations/action").asText()).isNotBlank();
            assertThat(rule.at("/labels/severity").asText()).isIn("page", "ticket");
        }
    }
}
