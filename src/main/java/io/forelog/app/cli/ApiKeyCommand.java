package io.forelog.app.cli;

import io.forelog.access.ApiKeys;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes an API key; needs no node. */
@Command(
        name = "create",
        description = {
            "Makes an API key. The key is shown this once; the file of identities.api_keys, a JSON array, gets the line.",
        },
        footer = {
            "",
            "Example:",
            "  forelog apikey create billing --principal billing-service \\",
            "      --expires 2027-01-31T00:00:00Z"
        })
final class ApiKeyCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "ID", description = "Names the key: 1 to 40 of a-z, 0-9 and -.")
    private String id = "";

    @Option(names = "--principal", paramLabel = "NAME", description = "Whom it proves (default: the id).")
    private String principal = "";

    @Option(names = "--expires", paramLabel = "TIME", description = "Such as 2027-01-31T00:00:00Z (default: never).")
    private String expires = "";

    @Override
    public Integer call() {
        ApiKeys.Made made = ApiKeys.make(id, principal.isEmpty() ? id : principal, expires);
        if (!expires.isEmpty() && !Instant.parse(expires).isAfter(Instant.now())) {
            throw new ParameterException(spec.commandLine(), "--expires: '" + expires + "' (expected: a time to come)");
        }
        new Console(spec.commandLine(), true)
                .print(new JsonObject().put("key", made.secret()).put("line", new JsonObject(made.line())));
        return 0;
    }
}
