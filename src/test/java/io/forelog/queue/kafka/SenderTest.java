package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.WalException;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** What a record's end says; with brokers: {@link SenderIT}. */
class SenderTest {
    private static final class Told extends Sender.Sending {
        private final List<Boolean> taken = new ArrayList<>();

        @Override
        void end(RecordMetadata where, Exception failure, boolean wasTaken) {
            taken.add(wasTaken);
        }
    }

    private final ProducerRecord<byte[], byte[]> record = new ProducerRecord<>("t", new byte[1]);

    @Test
    void whatIsToldWithinTheCallWasNotTakenAndWhatIsToldLaterWas() throws Exception {
        List<Callback> held = new ArrayList<>();
        boolean[] refuse = {true};
        Sender sender = new Sender(
                1 << 20, () -> new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer()) {
                    @Override
                    public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> sent, Callback callback) {
                        if (refuse[0]) {
                            callback.onCompletion(null, new TimeoutException("not known"));
                        } else {
                            held.add(callback);
                        }
                        return null;
                    }
                });
        Told refused = new Told();
        sender.send(record, refused);
        assertThat(refused.taken).containsExactly(false);
        refuse[0] = false;
        Told later = new Told();
        Told fromWithin = new Told();
        sender.send(record, later);
        sender.send(record, fromWithin);
        Thread producers = new Thread(() -> held.get(0).onCompletion(null, new TimeoutException("no answer")));
        producers.start();
        producers.join();
        held.get(1).onCompletion(null, new TimeoutException("no answer")); // on the thread that sent it, later
        assertThat(later.taken).containsExactly(true);
        assertThat(fromWithin.taken).containsExactly(true);
    }

    @Test
    void howManyRequestsAreInFlightIsTheClustersToSay() {
        KafkaSettings settings = KafkaSettings.of(
                Map.of("clusters", Map.of("main", Map.of("max.in.flight.requests.per.connection", 1))));
        Map<String, Object> connection = settings.clusters().get("main");
        assertThat(Sender.config(connection, "n", settings))
                .containsEntry("max.in.flight.requests.per.connection", "1")
                .containsEntry("acks", "all");
        assertThatThrownBy(() -> KafkaSettings.of(
                        Map.of("clusters", Map.of("main", Map.of("max.in.flight.requests.per.connection", 6)))))
                .isInstanceOf(WalException.class)
                .hasMessageContaining("expected: 1 to 5");
    }

    @Test
    void anIdIsWrittenAsItIsSaid() {
        Entries entries = new Entries(new HandTicker(), "n");
        for (int i = 0; i < 100; i++) {
            io.forelog.model.EntryId id = entries.immediate("p").id();
            assertThat(new String(KafkaRecords.text(id), java.nio.charset.StandardCharsets.US_ASCII))
                    .isEqualTo(id.toString());
        }
    }
}
