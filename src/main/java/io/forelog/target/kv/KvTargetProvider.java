package io.forelog.target.kv;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.table.Tables;
import io.forelog.target.RetryTable;
import io.forelog.target.TargetAdapter;
import io.forelog.target.TargetProvider;
import io.forelog.target.TargetResources;
import io.forelog.target.TargetSpec;
import io.forelog.target.Words;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The target type {@code kv}. Stateless, any thread. */
public final class KvTargetProvider implements TargetProvider {
    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .optional("table", Kind.TEXT, "the namespace's name", "of an entry that names no destination")
            .optional("store", Kind.TEXT, Tables.EMBEDDED, "which table store")
            .optional(
                    "tombstones",
                    Kind.DURATION,
                    "P15D",
                    "how long a deletion is remembered; more than the time that an older write may still arrive in")
            .build();

    private static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row("written and synced", "applied", ""),
            new RetryTable.Row("the same or a newer version stands there", "applied", "last write wins"),
            new RetryTable.Row(
                    "older than a deletion that is forgotten", "dead-letter", "TOO_OLD: it could revive the item"),
            new RetryTable.Row("no key, a ttl that is none, write_time over 60 s ahead", "dead-letter", ""),
            new RetryTable.Row("too much waits in the store", "retry", "lowers the adaptive limit"),
            new RetryTable.Row("the store can't write", "retry", "opens the breaker")));

    @Override
    public String type() {
        return "kv";
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
        Map<String, Object> config = spec.config();
        KvWrites writes = new KvWrites(
                Words.text(config, "table", ""), Words.duration(config, "tombstones", Duration.ofDays(15)));
        return resources
                .tables()
                .open(Words.text(config, "store", Tables.EMBEDDED))
                .map(store -> new KvTargetAdapter(store, writes));
    }
}
