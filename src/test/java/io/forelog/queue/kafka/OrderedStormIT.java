package io.forelog.queue.kafka;

import static io.forelog.queue.kafka.ConsumptionRig.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.bus.Address;
import io.forelog.bus.Bus;
import io.forelog.bus.DeliveryReply;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.consume.ConsumerPump;
import io.forelog.consume.Documents;
import io.forelog.consume.FilePauseRegister;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueSpec;
import io.forelog.rig.Await;
import io.forelog.rig.Soak;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pumps of one ordered group that join and leave every second, while its keys are written and some of them fail. */
class OrderedStormIT {
    private static final int KEYS = 60;
    private static final int EVERY_FAILING = 100;
    private static final int FAILS = 4;

    @TempDir
    Path directory;

    private final Ticker clock = Ticker.anchored();
    /** Payload to how often it came; guarded by itself, with the two below. */
    private final Map<String, Integer> arrived = new HashMap<>();

    private final Map<String, Integer> newest = new HashMap<>();
    private final List<String> inverted = new ArrayList<>();

    /** One node's pump over its own consumption of the namespace. */
    private final class Member implements AutoCloseable {
        private final ConsumptionRig rig;
        private final Vertx vertx = Vertx.vertx();
        private final KafkaConsumption consumption;
        private final ConsumerPump pump;

        Member(ConsumptionRig rig, String node) throws Exception {
            this.rig = rig;
            this.consumption = rig.open(vertx, node, clock, Duration.ofMillis(200));
            Bus bus = Bus.on(vertx);
            bus.serve(
                    Address.DELIVER,
                    Address.target(Documents.NAMESPACE, "t1"),
                    batch -> later(answers(batch.deliveries())));
            Documents documents = new Documents();
            documents.order = Order.KEY;
            documents.initial = Duration.ofMillis(20);
            documents.maxAttempts = 20;
            documents.maxAge = Duration.ofDays(36_500); // the rig's entries are as old as its clock
            pump = new ConsumerPump(
                    queue(rig.spec, consumption),
                    bus,
                    documents.of(1),
                    clock,
                    new SimpleMeterRegistry(),
                    new FilePauseRegister(vertx, directory.resolve(node)));
            await(vertx.deployVerticle(pump));
        }

        private Future<DeliveryReply> later(List<Outcome> outcomes) {
            Promise<DeliveryReply> reply = Promise.promise();
            vertx.setTimer(2, id -> reply.complete(new DeliveryReply(outcomes)));
            return reply.future();
        }

        @Override
        public void close() {
            Await.result(pump.drain(Duration.ofSeconds(5))
                    .compose(drained -> {
                        if (drained) {
                            consumption.atRest();
                        }
                        return rig.leave(consumption);
                    })
                    .compose(left -> vertx.close()));
        }
    }

    /** What a pump asks of its queue, answered by {@code consumption}; it asks nothing else. */
    private static Queue queue(QueueSpec spec, KafkaConsumption consumption) {
        return (Queue) Proxy.newProxyInstance(
                Queue.class.getClassLoader(), new Class<?>[] {Queue.class}, (self, asked, with) -> {
                    if (asked.getName().equals("spec")) {
                        return spec;
                    }
                    try {
                        return Consumption.class
                                .getMethod(asked.getName(), asked.getParameterTypes())
                                .invoke(consumption, with);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private List<Outcome> answers(List<Delivery> deliveries) {
        synchronized (arrived) {
            return deliveries.stream().map(this::answer).toList();
        }
    }

    private Outcome answer(Delivery delivery) {
        String payload = delivery.entry().payload().toString();
        int times = arrived.merge(payload, 1, Integer::sum);
        String key = payload.substring(0, payload.indexOf('/'));
        int number = Integer.parseInt(payload.substring(payload.indexOf('/') + 1));
        int before = newest.merge(key, number, Math::max);
        if (times == 1 && before != number) {
            inverted.add(payload + " behind " + before);
        }
        return times <= fails(payload)
                ? Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, "500 no", Duration.ZERO)
                : Outcome.applied();
    }

    @Test
    @Timeout(300)
    void keepTheOrderOfEachKeyAndLoseNothing() throws Exception {
        int cycles = Soak.choose(5, 60);
        AtomicBoolean over = new AtomicBoolean();
        List<String> written = new ArrayList<>();
        try (ConsumptionRig rig = new ConsumptionRig(6, true);
                Member stays = new Member(rig, "stays")) {
            Thread writer = new Thread(() -> write(rig, over, written), "ordered-storm-writer");
            writer.start();
            try {
                for (int cycle = 0; cycle < cycles; cycle++) {
                    Member comes = new Member(rig, "comes" + cycle % 3);
                    Await.pause(Duration.ofSeconds(1));
                    comes.close();
                }
            } finally {
                over.set(true);
                writer.join();
            }
            Await.until(
                    "all have arrived",
                    Duration.ofSeconds(90),
                    () -> count() == written.size(),
                    () -> count() + " of " + written.size() + "; " + stays.pump.status());
            await(stays.pump.drain(Duration.ofSeconds(10)));
            await(stays.consumption.commit());
            synchronized (arrived) {
                assertThat(inverted)
                        .as("first arrivals behind a later one of their key")
                        .isEmpty();
                assertThat(written.stream().filter(each -> !arrived.containsKey(each)))
                        .as("lost")
                        .isEmpty();
                long repeated = arrived.entrySet().stream()
                        .mapToLong(each -> each.getValue() - 1 - fails(each.getKey()))
                        .filter(times -> times > 0)
                        .sum();
                Soak.tell("ordered storm: %d cycles, %d written, %d repeated", cycles, written.size(), repeated);
            }
            assertThat(rig.books().get(Books.Count.DELIVERED))
                    .as("each once in the books")
                    .isEqualTo(written.size());
        }
    }

    /** So often it fails before it is taken. */
    private static int fails(String payload) {
        return payload.hashCode() % EVERY_FAILING == 0 ? FAILS : 0;
    }

    /** Those that were taken: a key's last one may have to come again. */
    private long count() {
        synchronized (arrived) {
            return arrived.entrySet().stream()
                    .filter(each -> each.getValue() > fails(each.getKey()))
                    .count();
        }
    }

    /** Each number of every key, in turn, until it is over. */
    private static void write(ConsumptionRig rig, AtomicBoolean over, List<String> written) {
        for (int number = 0; !over.get(); number++) {
            List<Entry> some = new ArrayList<>();
            for (int key = 0; key < KEYS; key++) {
                String payload = "k" + key + "/" + number;
                some.add(rig.entries.keyed("k" + key, payload));
                written.add(payload);
            }
            try {
                rig.append(some);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            Await.pause(Duration.ofMillis(30));
        }
    }
}
