package io.forelog.client.bench;

import io.forelog.client.ManagementClient;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A namespace made for one measurement, with one target {@code out}. The caller's thread; blocking. Where the process is ended before
 * {@link #remove}, the end takes the namespace away, and what is queued in it.
 */
public final class BenchNamespace {
    private final ManagementClient client;
    private final String name;
    private final Thread atEnd = new Thread(this::discard, "forelog-bench-discard");

    private BenchNamespace(ManagementClient client, String name) {
        this.client = client;
        this.name = name;
    }

    /** {@code url}: of an http target; not used by the others. */
    public static BenchNamespace make(
            ManagementClient client, String name, String type, @Nullable String url, int maxInFlight) {
        JsonObject config = new JsonObject();
        if (url != null) {
            config.put("url", url);
        }
        JsonObject target = new JsonObject()
                .put("name", "out")
                .put("type", type)
                .put("default", true)
                .put("config", config);
        JsonObject embedded = new JsonObject()
                .put("physical_storage", new JsonObject().put("type", "EMBEDDED"))
                .put("config", new JsonObject());
        JsonObject document = new JsonObject()
                .put(
                        "persistence_configurations",
                        new JsonObject().put("persistence_configuration", new JsonArray().add(embedded)))
                .put("targets", new JsonArray().add(target))
                .put("delivery", new JsonObject().put("max_in_flight", maxInFlight));
        client.putDocument(ManagementClient.namespace(name, ""), document.encode());
        BenchNamespace made = new BenchNamespace(client, name);
        Runtime.getRuntime().addShutdownHook(made.atEnd);
        return made;
    }

    public String name() {
        return name;
    }

    public void pause() {
        client.post(ManagementClient.namespace(name, ":pause"), new JsonObject());
    }

    public void resume() {
        client.post(ManagementClient.namespace(name, ":resume"), new JsonObject());
    }

    public JsonObject audit() {
        return client.get(ManagementClient.namespace(name, "/audit"));
    }

    /** False where that time passed first. */
    public boolean awaitNothingPending(Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (audit().getLong("pending") > 0) {
            if (System.nanoTime() > end) {
                return false;
            }
            Thread.sleep(50);
        }
        return true;
    }

    /** Retires it. */
    public void remove() {
        client.delete(ManagementClient.namespace(name, ""));
        try {
            Runtime.getRuntime().removeShutdownHook(atEnd);
        } catch (IllegalStateException e) {
            // it runs
        }
    }

    private void discard() {
        client.send("DELETE", ManagementClient.namespace(name, "?discard=true"), "", "");
    }
}
