package io.forelog.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.app.Homes.Place;
import io.forelog.cluster.Owners;
import io.forelog.cluster.Owners.Owner;
import io.forelog.config.DocumentParser;
import io.forelog.config.Namespace;
import io.forelog.database.Database;
import io.forelog.database.DatabaseSettings;
import io.forelog.rig.Await;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a database that never answers. */
class PlacementTest {
    private static final UUID DATABASE = UUID.randomUUID();

    @TempDir
    Path data;

    private final Vertx vertx = Vertx.vertx();
    private final Database away = new Database(
            vertx, new DatabaseSettings("postgresql://postgres@127.0.0.1:1/postgres", "", "off", "", "s", 1), "", "t");

    @AfterEach
    void close() {
        Await.result(away.close());
        Await.result(vertx.close());
    }

    private Placement placement() {
        return new Placement(vertx, new Owners(away, "default"), "default", "n", any -> true, data);
    }

    private static Namespace namespace() {
        return namespace("");
    }

    /** Its queue names the stack; empty = none. */
    private static Namespace namespace(String stack) {
        Map<String, Object> config = stack.isEmpty() ? Map.of() : Map.of("consumer_stack", stack);
        Map<String, Object> queue = Map.of("physical_storage", Map.of("type", "EMBEDDED"), "config", config);
        var document = new DocumentParser(AdapterCatalogue.load().schemas(), Map.of())
                .parse(
                        "ns",
                        Map.of(
                                "targets",
                                List.of(Map.of("name", "l", "type", "log")),
                                "persistence_configurations",
                                Map.of("persistence_configuration", List.of(queue))))
                .document();
        return new Namespace(
                java.util.Objects.requireNonNull(document), 1, Namespace.State.ACTIVE, Map.of(), List.of());
    }

    @Test
    void oneThatLeavesAndHearsNothingTakesNoWritesAlsoAfterARestart() throws IOException {
        Files.createDirectories(data.resolve("config"));
        Files.writeString(data.resolve("database.id"), DATABASE + "\n");
        Files.writeString(
                data.resolve("config").resolve("owners.json"),
                "{\"ns\": [{\"node\": \"n\", \"database\": \"" + DATABASE + "\", \"epoch\": 1, \"leaving\": false}]}");
        Placement placement = placement();
        assertThat(Await.result(placement.place(namespace()))).isEqualTo(Place.HERE);

        boolean left = Await.result(placement
                .leave(new Owner("ns", "default", "n", DATABASE, 1, false))
                .map(true)
                .otherwise(false));
        assertThat(left).isFalse();
        Place nobodyKnows = new Place("", true);
        assertThat(Await.result(placement.place(namespace()))).isEqualTo(nobodyKnows);
        assertThat(Await.result(placement().place(namespace()))).isEqualTo(nobodyKnows);
    }

    @Test
    void nodesOfAStackAreForWhatNamesItAndThoseOfTheDefaultForAll() {
        assertThat(Placement.isFor("default", namespace("")))
                .isEqualTo(Placement.isFor("default", namespace("fast")))
                .isTrue();
        assertThat(Placement.isFor("fast", namespace("fast"))).isTrue();
        assertThat(Placement.isFor("fast", namespace(""))).isFalse();
        assertThat(Placement.isFor("fast", namespace("slow"))).isFalse();
    }
}
