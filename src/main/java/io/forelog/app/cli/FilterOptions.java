package io.forelog.app.cli;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which dead letters a command is for: all that every option says. One command's. */
final class FilterOptions {
    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--target", paramLabel = "NAME", description = "Of this target; repeatable.")
    private List<String> targets = List.of();

    @Option(names = "--code", paramLabel = "CODE", description = "That died of this, e.g. MAX_ATTEMPTS; repeatable.")
    private List<String> codes = List.of();

    @Option(names = "--text", paramLabel = "PART", description = "Whose last error contains this.")
    private List<String> texts = List.of();

    @Option(names = "--key", paramLabel = "KEY", description = "With this key; repeatable.")
    private List<String> keys = List.of();

    @Option(names = "--key-prefix", paramLabel = "PREFIX", description = "Whose key begins so.")
    private List<String> prefixes = List.of();

    @Option(names = "--id", paramLabel = "ID", description = "This dead letter; repeatable.")
    private List<String> ids = List.of();

    @Option(names = "--older-than", paramLabel = "TIME", description = "Dead for longer: PT1H, or a time.")
    private List<String> olderThan = List.of();

    @Option(names = "--newer-than", paramLabel = "TIME", description = "Dead for less: PT1H, or a time.")
    private List<String> newerThan = List.of();

    @Option(
            names = "--filter",
            paramLabel = "JSON",
            description = "More conditions, as docs/operations.md lists them, e.g. '{\"header.tenant\": \"a\"}'.")
    private @Nullable String filter;

    JsonObject toJson() {
        JsonObject json = parse(spec, "--filter", filter);
        Map<String, List<String>> options = Map.of(
                "target", targets,
                "code", codes,
                "text", texts,
                "key", keys,
                "key_prefix", prefixes,
                "id", ids,
                "older_than", olderThan,
                "newer_than", newerThan);
        options.forEach((name, values) -> {
            if (!values.isEmpty()) {
                json.put(name, new JsonArray(values));
            }
        });
        return json;
    }

    static JsonObject parse(CommandSpec spec, String option, @Nullable String text) {
        try {
            return text == null ? new JsonObject() : new JsonObject(text);
        } catch (DecodeException | ClassCastException e) {
            throw new ParameterException(spec.commandLine(), option + ": " + text + " (expected: a JSON object)");
        }
    }
}
