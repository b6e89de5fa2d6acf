package io.forelog.config;

import io.forelog.config.Adapters.QueueType;
import io.forelog.config.NamespaceDocument.PersistenceConfiguration;
import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code persistence_configurations}, the article's part of a document. A document without one has one EMBEDDED queue
 * for everything. Immutable, any thread.
 */
final class PersistenceReader {
    static final String EMBEDDED = "EMBEDDED";
    static final String PLURAL = "persistence_configurations";
    static final String SINGULAR = "persistence_configuration";
    static final List<String> CLASSES = List.of("immediate", "delayed", "retry");

    /** Keys that any queue's {@code config} may hold: the article's, which are kept whatever the queue makes of them. */
    static final ConfigSchema COMMON = ConfigSchema.builder()
            .optional("wal-queue", Kind.TEXT_LIST, "", "SQS: names of the queues")
            .optional("wal-dlq-queue", Kind.TEXT_LIST, "", "SQS: names of the dead-letter queues")
            .optional("wal-kafka-topics", Kind.TEXT_LIST, "", "Kafka: topics, spread over by key")
            .optional("wal-kafka-dlq-topics", Kind.TEXT_LIST, "<topic>-dlq", "Kafka: dead-letter topics")
            .optional(
                    "wal.kafka.bootstrap.servers.prefix",
                    Kind.TEXT,
                    "",
                    "Kafka: the cluster, by its name in bootstrap_servers")
            .add(whole("queue.poll-interval.secs", "SQS: seconds a poll waits"))
            .add(whole("queue.max-messages-per-poll", "SQS: messages a poll asks for"))
            .optional("consumer_stack", Kind.TEXT, "", "the stack of nodes that consumes")
            .optional("context", Kind.TEXT, "", "what it is for, in words")
            .optional("contacts", Kind.TEXT_LIST, "", "whom to ask")
            .optional("target", Kind.TEXT_MAP, "", "a host for each region that is replicated to")
            .optional("durable_storage", Kind.TEXT_MAP, "", "where mutation batches are kept: namespace, shard, type")
            .build();

    private final Adapters adapters;

    PersistenceReader(Adapters adapters) {
        this.adapters = adapters;
    }

    private static Key whole(String name, String meaning) {
        return new Key(name, Kind.INTEGER, false, "", false, meaning, PersistenceReader::positive);
    }

    private static @Nullable String positive(Object value) {
        return ((Number) value).longValue() >= 1 ? null : ">= 1";
    }

    List<PersistenceConfiguration> read(Section root) {
        Section plural = root.section(PLURAL);
        List<Section> sections = plural.sections(SINGULAR);
        plural.refuseTheRest();
        if (sections.isEmpty()) {
            return List.of(new PersistenceConfiguration(EMBEDDED, new TreeSet<>(CLASSES), Map.of()));
        }
        return sections.stream().map(this::configuration).toList();
    }

    private PersistenceConfiguration configuration(Section section) {
        Section storage = section.section("physical_storage");
        String type = storage.text("type", "").toUpperCase(Locale.ROOT);
        QueueType known = adapters.queues().get(type);
        if (known == null) {
            storage.problem("type", "one of " + new TreeSet<>(adapters.queues().keySet()));
        }
        storage.refuseTheRest();
        Map<String, Object> config = snakeWords(section.map("config"));
        if (known != null) {
            section.allProblems(schema(known).problems(section.at("config"), config));
        }
        PersistenceConfiguration read = new PersistenceConfiguration(type, serves(section), config);
        section.refuseTheRest();
        return read;
    }

    /** The article's two keys that are words and no broker's property have two spellings too. */
    private static Map<String, Object> snakeWords(Map<String, Object> config) {
        Map<String, Object> snake = new LinkedHashMap<>();
        config.forEach((key, value) -> {
            String name = DocumentText.snake(key);
            if (value != null) {
                snake.put(COMMON.keys().containsKey(name) ? name : key, value);
            }
        });
        return Collections.unmodifiableMap(snake);
    }

    private static ConfigSchema schema(QueueType type) {
        ConfigSchema.Builder both = ConfigSchema.builder();
        COMMON.keys().values().forEach(both::add);
        type.schema().keys().values().forEach(both::add);
        return both.build();
    }

    private static Set<String> serves(Section section) {
        List<String> serves = new ArrayList<>();
        section.texts("serves").forEach(word -> serves.add(word.toLowerCase(Locale.ROOT)));
        boolean fine = CLASSES.containsAll(serves);
        if (section.has("serves") && (serves.isEmpty() || !fine)) {
            section.problem("serves", "some of " + CLASSES);
        }
        return Collections.unmodifiableSet(new TreeSet<>(serves.isEmpty() || !fine ? CLASSES : serves));
    }
}
