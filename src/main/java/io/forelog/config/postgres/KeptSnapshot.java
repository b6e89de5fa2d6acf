package io.forelog.config.postgres;

import io.forelog.config.ConfigStore.Snapshot;
import io.forelog.config.DurableFile;
import io.forelog.config.StoredDocument;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** What the database said last, in a file, whole or not there. The work is done on worker threads, in the caller's order. */
final class KeptSnapshot {
    private final Vertx vertx;
    private final Path file;

    KeptSnapshot(Vertx vertx, Path file) {
        this.vertx = vertx;
        this.file = file;
    }

    /** Durable when it ends. */
    Future<Void> store(Snapshot snapshot) {
        return vertx.<Void>executeBlocking(() -> {
            DurableFile.write(file, toJson(snapshot).encode());
            return null;
        });
    }

    /** Empty where nothing was kept; CORRUPT where it can't be read. */
    Future<Optional<Snapshot>> load() {
        return vertx.executeBlocking(() -> {
            if (!Files.exists(file)) {
                return Optional.empty();
            }
            try {
                return Optional.of(fromJson(new JsonObject(Files.readString(file))));
            } catch (RuntimeException e) {
                throw new WalException(
                        ErrorCode.CORRUPT, file + ": " + e.getMessage() + " (expected: the config store's copy)", e);
            }
        });
    }

    private static JsonObject toJson(Snapshot snapshot) {
        JsonArray documents = new JsonArray();
        snapshot.documents()
                .values()
                .forEach(document -> documents.add(new JsonObject()
                        .put("namespace", document.namespace())
                        .put("revision", document.revision())
                        .put("at_micros", document.atMicros())
                        .put("author", document.author())
                        .put("comment", document.comment())
                        .put("action", document.action().name())
                        .put("source", document.source())
                        .put("text", document.text())));
        JsonObject numbers = new JsonObject();
        snapshot.numbers().forEach((namespace, ids) -> numbers.put(namespace, new JsonObject(new TreeMap<>(ids))));
        return new JsonObject()
                .put("format", 1)
                .put("documents", documents)
                .put("removed", new JsonArray(java.util.List.copyOf(snapshot.removed())))
                .put("discarded", new JsonArray(java.util.List.copyOf(snapshot.discarded())))
                .put("numbers", numbers);
    }

    private static Snapshot fromJson(JsonObject json) {
        Map<String, StoredDocument> documents = new TreeMap<>();
        for (Object each : json.getJsonArray("documents")) {
            JsonObject kept = (JsonObject) each;
            StoredDocument document = new StoredDocument(
                    kept.getString("namespace"),
                    kept.getLong("revision"),
                    kept.getLong("at_micros"),
                    kept.getString("author"),
                    kept.getString("comment"),
                    StoredDocument.Action.valueOf(kept.getString("action")),
                    kept.getString("text"),
                    kept.getString("source"));
            documents.put(document.namespace(), document);
        }
        TreeSet<String> removed = new TreeSet<>();
        json.getJsonArray("removed").forEach(name -> removed.add((String) name));
        TreeSet<String> discarded = new TreeSet<>();
        json.getJsonArray("discarded", new JsonArray()).forEach(name -> discarded.add((String) name));
        Map<String, Map<String, Integer>> numbers = new TreeMap<>();
        JsonObject ids = json.getJsonObject("numbers");
        for (String namespace : ids.fieldNames()) {
            Map<String, Integer> of = new TreeMap<>();
            ids.getJsonObject(namespace).forEach(pair -> of.put(pair.getKey(), (Integer) pair.getValue()));
            numbers.put(namespace, of);
        }
        return new Snapshot("", documents, removed, discarded, numbers);
    }
}
