package io.forelog.app;

import io.forelog.app.Homes.Place;
import io.forelog.cluster.Owners;
import io.forelog.cluster.Owners.Owner;
import io.forelog.config.DurableFile;
import io.forelog.config.Namespace;
import io.forelog.config.QueueGeneration;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * Tells on which node a namespace's queue lies. One with an embedded queue is pinned to one node's disk, by the table
 * {@code database_owner}; what was decided is kept in a file, so that a node that starts without the database knows its own.
 * All others are on every node. Any context.
 */
final class Placement {
    static final String EMBEDDED = "EMBEDDED";

    /** In the data directory, and in a backup of it: whose owner's row it is. */
    static final String DATABASE_ID = "database.id";

    private final Vertx vertx;
    private final Owners owners;
    private final String shard;
    private final String node;
    private final Predicate<Namespace> mayOwn;
    private final Path file;
    private final UUID databaseId;
    private final Map<String, List<Owner>> known = new ConcurrentHashMap<>();

    /** {@code mayOwn} false: it does not take that namespace where nobody has it. Reads files: not on an event loop. */
    Placement(Vertx vertx, Owners owners, String shard, String node, Predicate<Namespace> mayOwn, Path data) {
        this.shard = shard;
        this.vertx = vertx;
        this.owners = owners;
        this.node = node;
        this.mayOwn = mayOwn;
        this.file = data.resolve("config").resolve("owners.json");
        this.databaseId = databaseId(data.resolve(DATABASE_ID));
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
                    List<Owner> all = new ArrayList<>();
                    json.getJsonArray(namespace).forEach(one -> all.add(owner(namespace, (JsonObject) one)));
                    known.put(namespace, List.copyOf(all));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            throw new WalException(
                    ErrorCode.CORRUPT, file + ": " + e.getMessage() + " (expected: the owners of namespaces)", e);
        }
    }

    private Owner owner(String namespace, JsonObject json) {
        return new Owner(
                namespace,
                shard,
                json.getString("node"),
                UUID.fromString(json.getString("database")),
                json.getLong("epoch"),
                json.getBoolean("leaving"));
    }

    static boolean isPinned(Namespace namespace) {
        return namespace.queues().stream().anyMatch(Placement::isEmbedded);
    }

    static boolean isEmbedded(QueueGeneration queue) {
        return queue.queue().type().equals(EMBEDDED);
    }

    /** Whether nodes of {@code stack} deliver it: those of the stack default deliver all, others what names theirs. */
    static boolean isFor(String stack, Namespace namespace) {
        return stack.equals("default")
                || namespace.document().persistence().stream()
                        .anyMatch(queue -> stack.equals(queue.config().get("consumer_stack")));
    }

    /** UNAVAILABLE where none may have it, or nobody knows. */
    Future<Place> place(Namespace namespace) {
        if (!isPinned(namespace)) {
            return Future.succeededFuture(Place.HERE);
        }
        String name = namespace.name();
        Future<List<Owner>> asked = mayOwn.test(namespace) ? owners.claim(name, node, databaseId) : owners.find(name);
        return asked.compose(all -> keep(name, all))
                .recover(failure -> {
                    List<Owner> before = known.get(name);
                    return before != null && WalException.of(failure).code() == ErrorCode.UNAVAILABLE
                            ? Future.succeededFuture(before)
                            : Future.failedFuture(failure);
                })
                .map(all -> judged(name, all));
    }

    private Place judged(String namespace, List<Owner> owners) {
        Owner mine = owners.stream()
                .filter(owner -> owner.node().equals(node))
                .findFirst()
                .orElse(null);
        if (mine != null && !mine.databaseId().equals(databaseId)) {
            throw new WalException(
                    ErrorCode.UNAVAILABLE,
                    "namespace " + namespace + ": its entries lie in database " + mine.databaseId() + " of node " + node
                            + ", and this data directory is " + databaseId
                            + " (expected: that data directory, or a node of another name)");
        }
        Owner current =
                owners.stream().filter(owner -> !owner.leaving()).findFirst().orElse(null);
        if (current == null && mine != null) {
            return new Place("", true);
        }
        if (current == null) {
            throw new WalException(
                    ErrorCode.UNAVAILABLE,
                    "namespace " + namespace
                            + ": no node has taken its embedded queue yet (expected: one with the role consumer, of the stack"
                            + " default or of a consumer_stack of the document)");
        }
        return current.equals(mine) ? Place.HERE : new Place(current.node(), mine != null);
    }

    private Future<List<Owner>> keep(String namespace, List<Owner> owners) {
        if (owners.isEmpty() || owners.equals(known.put(namespace, owners))) {
            return Future.succeededFuture(owners);
        }
        return write().map(owners);
    }

    private Future<Void> write() {
        return vertx.<Void>executeBlocking(() -> {
            JsonObject json = new JsonObject();
            known.forEach((namespace, owners) -> {
                JsonArray all = new JsonArray();
                owners.forEach(owner -> all.add(new JsonObject()
                        .put("node", owner.node())
                        .put("database", owner.databaseId().toString())
                        .put("epoch", owner.epoch())
                        .put("leaving", owner.leaving())));
                json.put(namespace, all);
            });
            DurableFile.write(file, json.encode());
            return null;
        });
    }

    /**
     * {@code mine} may be taken over from now on. Said on disk before it is in the database: with no answer from there another may
     * have it by now, and this node takes no writes for it until it has read who has.
     */
    Future<Void> leave(Owner mine) {
        known.computeIfPresent(
                mine.namespace(),
                (namespace, all) -> all.stream()
                        .map(owner -> isMine(owner)
                                ? new Owner(
                                        namespace, owner.shard(), owner.node(), owner.databaseId(), owner.epoch(), true)
                                : owner)
                        .toList());
        return write().compose(kept -> owners.leave(mine));
    }

    /** Whether {@code owner} is this node, with this data directory. */
    boolean isMine(Owner owner) {
        return owner.shard().equals(shard)
                && owner.node().equals(node)
                && owner.databaseId().equals(databaseId);
    }

    /** Its queue is gone from here, or was never here. Fails where the database can't be told: then it is still this node's. */
    Future<Void> release(String namespace) {
        return owners.release(namespace, node, databaseId).compose(released -> {
            known.remove(namespace);
            return write();
        });
    }
}
