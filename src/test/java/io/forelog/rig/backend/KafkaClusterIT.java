package io.forelog.rig.backend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class KafkaClusterIT {
    @Test
    void aKilledLeaderHandsOverAndComesBackWithItsData() throws Exception {
        KafkaCluster cluster = KafkaCluster.shared(3);
        cluster.createTopic("rig-self-test", 1, 3);
        try (KafkaProducer<byte[], byte[]> producer = producer(cluster)) {
            send(producer, "one");
            int leader = cluster.leaderOf("rig-self-test", 0);
            cluster.kill(leader);
            send(producer, "two");
            assertThat(cluster.leaderOf("rig-self-test", 0)).isNotIn(0, leader);
            cluster.start(leader);
            cluster.freeze(leader);
            send(producer, "three");
            cluster.thaw(leader);
        }
        assertThat(cluster.records("rig-self-test"))
                .extracting(found -> new String(found.value(), UTF_8))
                .containsExactly("one", "two", "three");
        cluster.awaitReady(List.of(1, 2, 3));
    }

    @Test
    void oneNodeServesAlone() throws Exception {
        KafkaCluster cluster = KafkaCluster.shared(1);
        cluster.createTopic("rig-self-test", 1, 3);
        try (KafkaProducer<byte[], byte[]> producer = producer(cluster)) {
            send(producer, "one");
        }
        assertThat(cluster.records("rig-self-test")).hasSize(1);
        assertThat(KafkaCluster.shared(1)).isSameAs(cluster);
    }

    private static KafkaProducer<byte[], byte[]> producer(KafkaCluster cluster) {
        return new KafkaProducer<>(
                Map.of("bootstrap.servers", cluster.bootstrap(), "acks", "all"),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, String value) throws Exception {
        producer.send(new ProducerRecord<>("rig-self-test", value.getBytes(UTF_8)))
                .get(40, TimeUnit.SECONDS);
    }
}
