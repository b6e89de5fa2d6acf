package io.forelog.target.kafka;

import io.forelog.target.TargetSpec;
import io.forelog.target.Words;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** The producer's settings: the document's, and those that make an outcome come within the target's time-out. Stateless. */
final class ClientSettings {
    /** Follow from the document's other keys. */
    private static final Set<String> OURS = Set.of(
            "bootstrap.servers",
            "key.serializer",
            "value.serializer",
            "acks",
            "enable.idempotence",
            "transactional.id",
            "client.id",
            "max.block.ms",
            "delivery.timeout.ms",
            "request.timeout.ms");

    /** Larger than any payload a namespace may allow; the broker judges. */
    private static final int REQUEST_BYTES_MAX = (16 << 20) + (64 << 10);

    private static final long BUFFER_BYTES = 32L << 20;

    private ClientSettings() {}

    static Map<String, Object> of(TargetSpec spec, String servers, String client) {
        long timeout = Math.max(400L, spec.limit().timeout().toMillis());
        long block = timeout / 4;
        long delivery = timeout - block - timeout / 20;
        String acks = Words.text(spec.config(), "acks", "all");
        Map<String, Object> settings = new HashMap<>();
        settings.put("linger.ms", "0");
        settings.put("buffer.memory", Long.toString(BUFFER_BYTES));
        settings.put("max.request.size", Integer.toString(REQUEST_BYTES_MAX));
        settings.put("reconnect.backoff.max.ms", "500");
        settings.put("socket.connection.setup.timeout.ms", Long.toString(Math.max(100L, delivery / 2)));
        settings.putAll(Words.map(spec.config(), "client"));
        settings.put("bootstrap.servers", servers);
        settings.put("client.id", client);
        settings.put("acks", acks);
        settings.put("enable.idempotence", Boolean.toString(acks.equals("all")));
        settings.put("max.block.ms", Long.toString(block));
        settings.put("delivery.timeout.ms", Long.toString(delivery));
        settings.put("request.timeout.ms", Long.toString(Math.max(1L, delivery / 2)));
        return settings;
    }

    /** What Kafka's own check of the settings wants to see. */
    static Map<String, Object> withSerializers(Map<String, Object> settings) {
        Map<String, Object> all = new HashMap<>(settings);
        all.put("key.serializer", ByteArraySerializer.class);
        all.put("value.serializer", ByteArraySerializer.class);
        return all;
    }

    /** Null, or what is expected of {@code client}. */
    static @Nullable String plain(Object value) {
        for (Object name : ((Map<?, ?>) value).keySet()) {
            String expectation = name(name.toString());
            if (expectation != null) {
                return expectation;
            }
            if (isSecret(name.toString())) {
                return name + " under client_secrets, by file:PATH or env:NAME";
            }
        }
        return null;
    }

    /** Null, or what is expected of {@code client_secrets}. */
    static @Nullable String secret(Object value) {
        for (Map.Entry<?, ?> pair : ((Map<?, ?>) value).entrySet()) {
            String expectation = name(pair.getKey().toString());
            if (expectation != null) {
                return expectation;
            }
            String reference = pair.getValue().toString();
            if (!reference.startsWith("file:") && !reference.startsWith("env:")) {
                return "file:PATH or env:NAME, never the secret";
            }
        }
        return null;
    }

    private static @Nullable String name(String name) {
        if (OURS.contains(name)) {
            return "settings other than " + name + ", which follows from the target's own keys";
        }
        return ProducerConfig.configNames().contains(name)
                ? null
                : "settings of Kafka's producer, which " + name + " is none of";
    }

    private static boolean isSecret(String name) {
        return name.endsWith(".password") || name.equals("sasl.jaas.config") || name.equals("ssl.keystore.key");
    }
}
