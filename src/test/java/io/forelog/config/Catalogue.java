package io.forelog.config;

import io.forelog.config.Adapters.QueueType;
import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Kind;
import java.time.Duration;
import java.util.Map;

/** The adapters that the tests of this package check documents against. */
final class Catalogue {
    static final ConfigSchema HTTP = ConfigSchema.builder()
            .required("url", Kind.TEXT, "where to send")
            .optional("method", Kind.TEXT, "POST", "of every request")
            .optional("timeout", Kind.DURATION, "", "of one attempt")
            .optional("headers", Kind.TEXT_MAP, "", "sent along")
            .secret("authorization", "a header's value")
            .build();

    static final QueueType EMBEDDED = new QueueType(
            ConfigSchema.builder().optional("sync", Kind.BOOLEAN, "true", "").build(),
            Duration.ofDays(3650),
            true,
            true,
            16 << 20);

    /** As this version has it. */
    static final Adapters BUILT =
            new Adapters(Map.of("EMBEDDED", EMBEDDED), Map.of("http", HTTP, "log", ConfigSchema.EMPTY));

    /** With a queue that can do less. */
    static final Adapters WITH_SMALL = new Adapters(
            Map.of(
                    "EMBEDDED",
                    EMBEDDED,
                    "SMALL",
                    new QueueType(ConfigSchema.EMPTY, Duration.ofMinutes(15), false, false, 262_144),
                    "FIFO",
                    new QueueType(ConfigSchema.EMPTY, Duration.ofDays(1), true, false, 1 << 20)),
            Map.of("http", HTTP, "log", ConfigSchema.EMPTY));

    private Catalogue() {}
}
