package io.forelog.app;

import io.forelog.cluster.Owners;
import io.forelog.cluster.Owners.Owner;
import io.forelog.config.DurableFile;
import io.forelog.config.Namespace;
import io.forelog.config.QueueGeneration;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells on which node a namespace's queue lies. One with an embedded queue is pinned to one node's disk, by the table
 * {@code database_owner}; what was decided is kept in a file, so that a node that starts without the database knows its own.
 * All others are on every node. Any context.
 */
final class Placement {
    private static final String EMBEDDED = "EMBEDDED";

    private final Vertx vertx;
    private final Owners owners;
    private final String shard;
    private final String node;
    private final boolean mayOwn;
    private final Path file;
    private final UUID databaseId;
    private final Map<String, Owner> known = new ConcurrentHashMap<>();

    /** {@code mayOwn} false: it takes no namespace that nobody has. Reads files: not on an event loop. */
    Placement(Vertx vertx, Owners owners, String shard, String node, boolean mayOwn, Path data) {
        this.shard = shard;
        this.vertx = vertx;
        this.owners = owners;
        this.node = node;
        this.mayOwn = mayOwn;
        this.file = data.resolve("config").resolve("owners.json");
        this.databaseId = databaseId(data.resolve("database.id"));
        load();
    }

    private static UUID databaseId(Path file) {
        try {
            if (!Files.exists(file)) {
                DurableFile.write(file, UUID.randomUUID() + "\n");
            }
            return UUID.fromString(Files.readString(file).strip());
        } catch (IOException | IllegalArgumentException e) {
            throw new WalException(
                    ErrorCode.CORRUPT, file + ": " + e.getMessage() + " (expected: the id of this data directory)", e);
        }
    }

    private void load() {
        try {
            if (Files.exists(file)) {
                JsonObject json = new JsonObject(Files.readString(file));
                for (String namespace : json.fieldNames()) {
                    JsonObject owner = json.getJsonObject(namespace);
                    known.put(
                            namespace,
                            new Owner(
                                    namespace,
                                    shard,
                                    owner.getString("node"),
                                    UUID.fromString(owner.getString("database")),
                                    owner.getLong("epoch")));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            throw new WalException(
                    ErrorCode.CORRUPT, file + ": " + e.getMessage() + " (expected: the owners of namespaces)", e);
        }
    }

    static boolean isPinned(Namespace namespace) {
        return namespace.queues().stream().anyMatch(Placement::isEmbedded);
    }

    static boolean isEmbedded(QueueGeneration queue) {
        return queue.queue().type().equals(EMBEDDED);
    }

    /** The node that has the queue of {@code namespace}; empty = this one. UNAVAILABLE where none may have it, or nobody knows. */
    Future<String> place(Namespace namespace) {
        if (!isPinned(namespace)) {
            return Future.succeededFuture("");
        }
        String name = namespace.name();
        Future<Owner> asked = mayOwn ? owners.claim(name, node, databaseId) : owners.find(name);
        return asked.compose(owner -> keep(name, owner))
                .recover(failure -> {
                    Owner before = known.get(name);
                    return before != null && WalException.of(failure).code() == ErrorCode.UNAVAILABLE
                            ? Future.succeededFuture(before)
                            : Future.failedFuture(nobody(name, WalException.of(failure)));
                })
                .map(owner -> judged(name, owner));
    }

    private static WalException nobody(String namespace, WalException failure) {
        return failure.code() == ErrorCode.NOT_FOUND
                ? new WalException(
                        ErrorCode.UNAVAILABLE,
                        "namespace " + namespace
                                + ": no node has taken its embedded queue yet (expected: one with the role consumer)")
                : failure;
    }

    private String judged(String namespace, Owner owner) {
        if (!owner.node().equals(node)) {
            return owner.node();
        }
        if (!owner.databaseId().equals(databaseId)) {
            throw new WalException(
                    ErrorCode.UNAVAILABLE,
                    "namespace " + namespace + ": its entries lie in database " + owner.databaseId() + " of node "
                            + node
                            + ", and this data directory is " + databaseId
                            + " (expected: that data directory, or a node of another name)");
        }
        return "";
    }

    private Future<Owner> keep(String namespace, Owner owner) {
        if (owner.equals(known.put(namespace, owner))) {
            return Future.succeededFuture(owner);
        }
        return write().map(owner);
    }

    private Future<Void> write() {
        return vertx.<Void>executeBlocking(() -> {
            JsonObject json = new JsonObject();
            known.forEach((namespace, owner) -> json.put(
                    namespace,
                    new JsonObject()
                            .put("node", owner.node())
                            .put("database", owner.databaseId().toString())
                            .put("epoch", owner.epoch())));
            DurableFile.write(file, json.encode());
            return null;
        });
    }

    /** Its queue is gone from here, or was never here. Fails where the database can't be told: then it is still this node's. */
    Future<Void> release(String namespace) {
        return owners.release(namespace, node, databaseId).compose(released -> {
            known.remove(namespace);
            return write();
        });
    }
}
