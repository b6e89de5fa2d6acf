package io.forelog.target.sqs;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.RetryTable;
import io.forelog.target.Secrets;
import io.forelog.target.TargetAdapter;
import io.forelog.target.TargetProvider;
import io.forelog.target.TargetResources;
import io.forelog.target.TargetSpec;
import io.forelog.target.Words;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Map;

/** The target type {@code sqs}. Stateless, any thread. */
public final class SqsTargetProvider implements TargetProvider {
    private static final int MESSAGE_BYTES = 1 << 20;
    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .add(new Key(
                    "queue",
                    Kind.TEXT,
                    true,
                    "",
                    false,
                    "the queue's name; may hold {destination} and {namespace}; FIFO where it ends in .fifo",
                    QueueTemplate::expectation))
            .optional("destination", Kind.TEXT, "the first of destinations", "of an entry that names none")
            .add(new Key(
                    "endpoint",
                    Kind.TEXT,
                    false,
                    "the region's",
                    false,
                    "of a server that is not AWS's own",
                    value -> value.toString().matches("https?://[^\\s/@]+/?") ? null : "http[s]://host[:port]"))
            .optional("region", Kind.TEXT, "the SDK's default chain", "where the queue is")
            .optional("anonymous", Kind.BOOLEAN, "false", "requests are not signed, for servers that ask for nothing")
            .secret("access_key", "file:PATH or env:NAME; without it, the SDK's default chain")
            .secret("secret_key", "file:PATH or env:NAME; with access_key")
            .secret("session_token", "file:PATH or env:NAME; of temporary credentials")
            .add(new Key(
                    "message_bytes",
                    Kind.INTEGER,
                    false,
                    Integer.toString(MESSAGE_BYTES),
                    false,
                    "largest batch of messages the server takes",
                    value -> ((Number) value).longValue() >= 1_024 && ((Number) value).longValue() <= MESSAGE_BYTES
                            ? null
                            : "1024 to " + MESSAGE_BYTES))
            .build();

    @Override
    public String type() {
        return "sqs";
    }

    @Override
    public ConfigSchema schema() {
        return SCHEMA;
    }

    @Override
    public RetryTable retryTable() {
        return SqsOutcomes.TABLE;
    }

    @Override
    public Future<TargetAdapter> open(TargetSpec spec, TargetResources resources) {
        Vertx vertx = resources.vertx();
        Map<String, Object> config = spec.config();
        if (config.containsKey("access_key") != config.containsKey("secret_key")) {
            return Future.failedFuture(new WalException(
                    ErrorCode.INVALID_ARGUMENT, "access_key, secret_key: one alone (expected: both or none)"));
        }
        String firstDestination =
                spec.destinations().isEmpty() ? "" : spec.destinations().get(0);
        return secret(vertx, config, "access_key")
                .compose(access -> secret(vertx, config, "secret_key")
                        .compose(secret -> secret(vertx, config, "session_token")
                                .map(session -> new SqsConnection.Access(
                                        Words.text(config, "endpoint", ""),
                                        Words.text(config, "region", ""),
                                        Words.flag(config, "anonymous", false),
                                        access,
                                        secret,
                                        session))))
                .compose(access -> vertx.executeBlocking(
                        () -> SqsConnection.open(access, spec.limit().timeout()), false))
                .map(connection -> new SqsTargetAdapter(
                        vertx,
                        connection,
                        new QueueTemplate(Words.text(config, "queue", "")),
                        Words.text(config, "destination", firstDestination),
                        Words.number(config, "message_bytes", MESSAGE_BYTES)));
    }

    private static Future<String> secret(Vertx vertx, Map<String, Object> config, String name) {
        return Secrets.resolve(vertx, Words.text(config, name, ""));
    }
}
