package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.bus.Address;
import io.forelog.bus.Bus;
import io.forelog.bus.DeliveryBatch;
import io.forelog.bus.DeliveryReply;
import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.observe.Metrics;
import io.forelog.rig.Await;
import io.forelog.table.Tables;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A real Vert.x with one deployed target writer, asked over the bus as the pump asks it. */
public final class WriterRig implements AutoCloseable {
    public final Vertx vertx = Vertx.vertx();
    private final Metrics measured = new Metrics(false);
    public final MeterRegistry metrics = measured.registry();
    public final Tables tables;
    public final TargetResources resources;
    private final Bus bus = Bus.on(vertx);
    private TargetWriterVerticle verticle;
    private String name;
    private String deployment;
    private boolean closed;

    public WriterRig(Path data) {
        Ticker ticker = Ticker.anchored();
        tables = new Tables(vertx, data.resolve("tables"), ticker);
        resources = new TargetResources(vertx, ticker, metrics, "node-1", data, tables, Map.of(), Map.of());
    }

    public WriterRig deploy(String type, Map<String, Object> config, TargetSpec.Limit limit) {
        TargetSpec spec = new TargetSpec("shop", "target", type, 1, List.of(), config, limit);
        TargetProvider provider = Objects.requireNonNull(TargetTypes.load().find(type));
        List<String> problems = provider.schema().problems("config", config);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.toString());
        }
        verticle = new TargetWriterVerticle(spec, provider, resources, bus);
        name = Address.target(spec.namespace(), spec.name());
        deployment = await(vertx.deployVerticle(verticle));
        return this;
    }

    public Future<List<Outcome>> send(List<Delivery> deliveries) {
        return bus.request(
                        Address.DELIVER, name, new DeliveryBatch("shop", "target", deliveries), Duration.ofSeconds(30))
                .map(DeliveryReply::outcomes);
    }

    public List<Outcome> deliver(List<Delivery> deliveries) {
        return await(send(deliveries));
    }

    public Outcome deliver(Delivery delivery) {
        return deliver(List.of(delivery)).get(0);
    }

    /** Again, what is not applied, until all is; none may be rejected. */
    public void deliverAll(List<Delivery> deliveries) {
        List<Delivery> left = new ArrayList<>(deliveries);
        Await.until("all are applied", Duration.ofSeconds(90), () -> {
            List<Outcome> outcomes = deliver(List.copyOf(left));
            List<Delivery> again = new ArrayList<>();
            for (int i = 0; i < outcomes.size(); i++) {
                assertThat(outcomes.get(i).kind()).isNotEqualTo(Outcome.Kind.REJECTED);
                if (!outcomes.get(i).equals(Outcome.applied())) {
                    again.add(left.get(i));
                }
            }
            left.retainAll(again);
            return left.isEmpty();
        });
    }

    public TargetWriterVerticle verticle() {
        return verticle;
    }

    public TargetStatus status() {
        return await(verticle.status());
    }

    /** What a scraper of the node would get, also of a closed rig. */
    public String scrape() {
        return measured.scrape(null).text();
    }

    public static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (deployment != null) {
            await(vertx.undeploy(deployment));
        }
        await(tables.close());
        await(vertx.close());
    }
}
