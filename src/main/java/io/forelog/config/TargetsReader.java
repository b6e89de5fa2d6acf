package io.forelog.config;

import io.forelog.config.NamespaceDocument.TargetConfiguration;
import io.forelog.config.NamespaceDocument.TargetLimit;
import io.forelog.model.ConfigSchema;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Reads {@code targets}. Immutable, any thread; at most {@link #TARGETS_MAX} targets. */
final class TargetsReader {
    static final int TARGETS_MAX = 16;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final Adapters adapters;

    TargetsReader(Adapters adapters) {
        this.adapters = adapters;
    }

    List<TargetConfiguration> read(Section root) {
        List<Section> sections = root.sections("targets");
        if (sections.size() > TARGETS_MAX) {
            root.remark("targets", sections.size() + " of them (expected: at most " + TARGETS_MAX + ")");
        }
        List<TargetConfiguration> targets = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Section section : sections) {
            TargetConfiguration target = target(section);
            if (!target.name().isEmpty() && !names.add(target.name())) {
                section.problem("name", "a name that no other target has");
            }
            targets.add(target);
        }
        return List.copyOf(targets);
    }

    private TargetConfiguration target(Section section) {
        String name = section.text("name", "", DocumentParser.NAME, DocumentParser.NAME_EXPECTED);
        if (!section.has("name")) {
            section.problem("name", DocumentParser.NAME_EXPECTED);
        }
        String type = section.text("type", "").toLowerCase(Locale.ROOT);
        ConfigSchema schema = adapters.targets().get(type);
        if (schema == null) {
            section.problem("type", "one of " + new TreeSet<>(adapters.targets().keySet()));
        }
        Map<String, Object> config = section.map("config");
        config.values().removeIf(java.util.Objects::isNull);
        if (schema != null) {
            section.allProblems(schema.problems(section.at("config"), config));
        }
        TargetConfiguration target = new TargetConfiguration(
                name,
                type,
                section.flag("default", false),
                section.texts("destinations"),
                Collections.unmodifiableMap(config),
                limit(section.section("limit")));
        section.refuseTheRest();
        return target;
    }

    private static TargetLimit limit(Section section) {
        boolean adaptive = "adaptive".equals(section.text("concurrency", "adaptive"));
        TargetLimit limit = new TargetLimit(
                adaptive ? 0 : section.number("concurrency", 1, 10_000, 0),
                section.rate("rate"),
                section.duration("timeout", Duration.ofMillis(1), Duration.ofMinutes(10), TIMEOUT),
                section.number("batch", 1, 10_000, 100));
        section.refuseTheRest();
        return limit;
    }
}
