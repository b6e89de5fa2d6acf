package io.forelog.target.log;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.target.RetryTable;
import io.forelog.target.TargetAdapter;
import io.forelog.target.TargetProvider;
import io.forelog.target.TargetResources;
import io.forelog.target.TargetSpec;
import io.forelog.target.Words;
import io.vertx.core.Future;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The target type {@code log}. Stateless, any thread. */
public final class LogTargetProvider implements TargetProvider {
    private static final int CHARS_MAX = 200;
    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .add(new Key(
                    "max_chars",
                    Kind.INTEGER,
                    false,
                    "200",
                    false,
                    "characters of key and of payload that are printed",
                    value -> ((Number) value).longValue() >= 1 && ((Number) value).longValue() <= 1_000_000
                            ? null
                            : "1 to 1000000"))
            .build();
    private static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row("the line is written", "applied", "one line a delivery, flushed a batch at a time"),
            new RetryTable.Row("standard output can't be written", "retry", "opens the breaker")));

    @Override
    public String type() {
        return "log";
    }

    @Override
    public ConfigSchema schema() {
        return SCHEMA;
    }

    @Override
    public RetryTable retryTable() {
        return TABLE;
    }

    @Override
    public Future<TargetAdapter> open(TargetSpec spec, TargetResources resources) {
        return Future.succeededFuture(new LogTargetAdapter(
                resources.vertx().createSharedWorkerExecutor("forelog-log-target", 1, 1, TimeUnit.HOURS),
                () -> System.out,
                Words.number(spec.config(), "max_chars", CHARS_MAX),
                resources.ticker()));
    }
}
