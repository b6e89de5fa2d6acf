package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.Await;
import io.forelog.rig.backend.KafkaCluster;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SenderIT {
    private final KafkaCluster kafka = KafkaCluster.shared(1);

    private String topic() {
        String name = "sender-" + UUID.randomUUID();
        kafka.createTopic(name, 1, 1);
        return name;
    }

    private static boolean taken(Sender sender, String topic) {
        CompletableFuture<Boolean> taken = new CompletableFuture<>();
        sender.send(new ProducerRecord<>(topic, new byte[1]), new Sender.Sending() {
            @Override
            void end(RecordMetadata where, Exception failure, boolean handedOver) {
                taken.complete(failure == null && handedOver);
            }
        });
        return taken.join();
    }

    @Test
    void whatIsAskedForStaysKnownAndWhatIsNotIsAskedForNoMore() {
        Map<String, Object> connection = Map.of(
                "bootstrap.servers", kafka.bootstrap(), "metadata.max.idle.ms", 5_000, "metadata.max.age.ms", 300);
        Sender sender = new Sender(connection, "sender-it", KafkaSettings.of(Map.of()));
        try {
            String kept = topic();
            String left = topic();
            for (String topic : List.of(kept, left)) {
                Await.until(
                        "it is known",
                        Duration.ofSeconds(20),
                        () -> !sender.partitions(topic).isEmpty(),
                        () -> topic);
            }
            long until = System.nanoTime() + Duration.ofSeconds(8).toNanos();
            while (System.nanoTime() < until) {
                assertThat(sender.partitions(kept)).hasSize(1);
                Await.pause(Duration.ofMillis(200));
            }
            assertThat(taken(sender, kept)).isTrue();
            assertThat(taken(sender, left)).as("nobody asked for it").isFalse();
            Await.until("it is known again", Duration.ofSeconds(20), () -> taken(sender, left), () -> left);
        } finally {
            sender.close();
        }
    }
}
