package io.forelog.admin;

import io.forelog.admin.NodeStatus.Phase;
import io.forelog.config.Namespace;
import io.forelog.observe.Metrics;
import io.forelog.queue.MediumHealth;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The node as a whole: index, health, metrics, cluster, backup. On the server's event loop; a scrape goes to a worker. */
final class NodeApi {
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    /** What a pump can't leave by itself, or only when somebody repairs something. */
    private static final Set<String> ALARMING = Set.of("STORM", "SETTLE_FAILING", "PARKED_FULL");

    private final Desk desk;
    private final Vertx vertx;
    private final Metrics metrics;
    private final Routes routes;

    NodeApi(Desk desk, Vertx vertx, Metrics metrics, Routes routes) {
        this.desk = desk;
        this.vertx = vertx;
        this.metrics = metrics;
        this.routes = routes;
    }

    void addTo(Routes table) {
        table.add(HttpMethod.GET, "/", this::index)
                .add(HttpMethod.GET, "/health/live", this::live)
                .add(HttpMethod.GET, "/health/ready", this::ready)
                .add(HttpMethod.GET, "/metrics", this::scrape)
                .add(HttpMethod.GET, "/admin/v1/cluster", this::cluster)
                .add(HttpMethod.POST, "/admin/v1/cluster/nodes/{node}:drain", this::drain)
                .add(HttpMethod.POST, "/admin/v1/cluster/nodes/{node}:undrain", this::undrain)
                .add(HttpMethod.DELETE, "/admin/v1/cluster/nodes/{node}", this::forget, Parameter.flag("lost_data"))
                .add(HttpMethod.POST, "/admin/v1/backup", this::backup)
                .add(HttpMethod.GET, "/admin/v1/jobs", this::jobs)
                .add(HttpMethod.GET, "/admin/v1/jobs/{id}", this::job);
    }

    private Future<Answer> index(Exchange exchange) {
        NodeStatus status = desk.node().status();
        return Future.succeededFuture(Answer.ok(new JsonObject()
                .put("service", "forelog")
                .put("version", status.version())
                .put("node", status.name())
                .put("state", status.phase().name())
                .put("paths", new JsonArray(routes.index()))
                .put("parameters", new JsonObject(new LinkedHashMap<>(routes.parameters())))));
    }

    private Future<Answer> live(Exchange exchange) {
        return Future.succeededFuture(Answer.ok(new JsonObject().put("status", "UP")));
    }

    /**
     * 503 while the node starts or drains, or where no database takes part any more; what is wrong with some of them is
     * told as DEGRADED with 200, since their neighbours serve on. Why, only those who may look are told.
     */
    private Future<Answer> ready(Exchange exchange) {
        NodeStatus node = desk.node().status();
        List<String> reasons = new ArrayList<>(node.reasons());
        JsonArray databases = new JsonArray();
        boolean anyServes = false;
        boolean any = false;
        boolean well = true;
        for (MediumHealth database : desk.node().databases()) {
            any = true;
            anyServes |=
                    database.state() == MediumHealth.State.SERVING || database.state() == MediumHealth.State.LOW_DISK;
            boolean serves = database.state() == MediumHealth.State.SERVING;
            well &= serves;
            if (shows(exchange, database)) {
                databases.add(database(exchange, database));
                if (!serves) {
                    reasons.add("database " + database.name() + " is " + database.state() + ": " + database.text());
                }
            }
        }
        JsonArray namespaces = new JsonArray();
        for (DocumentControl.DocumentState state : desk.node().documents().list()) {
            List<String> wrong = new ArrayList<>();
            JsonObject shown = namespace(state, wrong);
            well &= wrong.isEmpty();
            if (desk.shows(exchange, state.name())) {
                namespaces.add(shown);
                reasons.addAll(wrong);
            }
        }
        boolean ready = node.phase() == Phase.READY && (!any || anyServes);
        if (node.phase() != Phase.READY) {
            reasons.add(0, "the node is " + node.phase());
        }
        JsonObject body = new JsonObject()
                .put("status", !ready ? "NOT_READY" : well && reasons.isEmpty() ? "READY" : "DEGRADED")
                .put("phase", node.phase().name());
        if (desk.shows(exchange, "")) {
            body.put("reasons", new JsonArray(reasons))
                    .put("databases", databases)
                    .put("namespaces", namespaces);
        }
        return Future.succeededFuture(Answer.json(ready ? 200 : 503, body));
    }

    /** One that is a namespace's own has its name. */
    private boolean shows(Exchange exchange, MediumHealth database) {
        return !database.name().startsWith(Scrape.OWN_DATABASE)
                || desk.shows(exchange, database.name().substring(Scrape.OWN_DATABASE.length()));
    }

    private JsonObject database(Exchange exchange, MediumHealth database) {
        JsonObject json = new JsonObject()
                .put("name", database.name())
                .put("state", database.state().name())
                .put("text", database.text())
                .put("namespaces", shown(exchange, database.namespaces()));
        return database.freeBytes() < 0 ? json : json.put("free_bytes", database.freeBytes());
    }

    private JsonArray shown(Exchange exchange, Collection<String> namespaces) {
        return new JsonArray(namespaces.stream()
                .filter(namespace -> desk.shows(exchange, namespace))
                .toList());
    }

    private JsonObject namespace(DocumentControl.DocumentState state, List<String> reasons) {
        JsonArray pumps = new JsonArray();
        for (PumpControl.RouteState route : desk.node().pumps().status(state.name())) {
            pumps.add(new JsonObject()
                    .put("target", route.target())
                    .put("state", route.state())
                    .put("reason", route.reason()));
            if (ALARMING.contains(route.state())) {
                reasons.add(state.name() + "/" + route.target() + " is " + route.state() + ": " + route.reason());
            }
        }
        String home =
                desk.node().home(state.name()).map(NodeServices.Home::node).orElse("");
        boolean open = desk.node().queue(state.name()).isPresent();
        if (!open && home.isEmpty() && !state.state().equals("RETIRED") && state.appliedRevision() > 0) {
            reasons.add(state.name() + ": its queue is not open");
        }
        state.problems().forEach(problem -> reasons.add(state.name() + ": " + problem));
        return new JsonObject()
                .put("name", state.name())
                .put("state", state.state())
                .put("queue_open", open)
                .put("home", home.isEmpty() ? desk.node().status().name() : home)
                .put("desired_revision", state.desiredRevision())
                .put("applied_revision", state.appliedRevision())
                .put("pumps", pumps);
    }

    private Future<Answer> scrape(Exchange exchange) {
        String accept = exchange.request().getHeader("Accept");
        boolean all = desk.mayScrape(exchange);
        return vertx.executeBlocking(
                () -> {
                    Metrics.Scraped scraped = metrics.scrape(accept);
                    String text = all
                            ? scraped.text()
                            : Scrape.shown(scraped.text(), namespace -> desk.shows(exchange, namespace));
                    return new Answer(200, scraped.contentType(), Buffer.buffer(text), Map.of());
                },
                false);
    }

    /** A node that belongs to no cluster is a cluster of one. */
    private Future<Answer> cluster(Exchange exchange) {
        NodeStatus self = desk.node().status();
        List<NodeServices.ClusterNode> known = desk.node().nodes();
        JsonArray nodes = new JsonArray();
        if (known.isEmpty()) {
            List<String> names =
                    desk.node().namespaces().all().stream().map(Namespace::name).toList();
            nodes.add(node(self).put("namespaces", shown(exchange, names)));
        }
        for (NodeServices.ClusterNode each : known) {
            boolean listed = each.presence() != NodeServices.ClusterNode.Presence.UNLISTED;
            nodes.add(node(each.status())
                    .put(
                            "state",
                            each.alive()
                                    ? each.status().phase().name()
                                    : each.presence().name())
                    .put("host", each.host())
                    .put("started", listed ? Times.text(each.status().startedMicros()) : null)
                    .put("silent_seconds", listed ? Math.round(Math.max(0, each.silentSeconds()) * 10) / 10.0 : null)
                    .put("draining", each.draining())
                    .put("namespaces", shown(exchange, each.owns())));
        }
        return Future.succeededFuture(Answer.ok(new JsonObject()
                .put("clustered", !known.isEmpty())
                .put("self", self.name())
                .put("nodes", nodes)));
    }

    private static JsonObject node(NodeStatus node) {
        JsonObject ports = new JsonObject();
        node.ports().forEach(ports::put);
        return new JsonObject()
                .put("name", node.name())
                .put("state", node.phase().name())
                .put("version", node.version())
                .put("shard", node.shard())
                .put("stack", node.stack())
                .put("region", node.region())
                .put("roles", new JsonArray(node.roles()))
                .put("started", Times.text(node.startedMicros()))
                .put("ports", ports);
    }

    private Future<Answer> drain(Exchange exchange) {
        return drain(exchange, true);
    }

    private Future<Answer> undrain(Exchange exchange) {
        return drain(exchange, false);
    }

    private Future<Answer> drain(Exchange exchange, boolean wanted) {
        desk.check(exchange, "");
        String name = exchange.path("node");
        return desk.node().drain(name, wanted).map(asked -> {
            desk.audit()
                    .record(
                            exchange.principal(),
                            wanted ? "cluster-drain" : "cluster-undrain",
                            "",
                            new JsonObject().put("node", name));
            return Answer.json(202, new JsonObject().put("node", name).put("draining", wanted));
        });
    }

    private Future<Answer> forget(Exchange exchange) {
        desk.check(exchange, "");
        String name = exchange.path("node");
        boolean lostData = exchange.flag("lost_data");
        return desk.node().forget(name, lostData).map(gone -> {
            desk.audit()
                    .record(
                            exchange.principal(),
                            "cluster-forget",
                            "",
                            new JsonObject().put("node", name).put("lost_data", lostData));
            return Answer.ok(new JsonObject().put("node", name).put("forgotten", true));
        });
    }

    private Future<Answer> backup(Exchange exchange) {
        desk.check(exchange, "");
        JsonObject asked = exchange.json();
        Asked.only(asked, Set.of("directory"));
        Path directory = directory(Asked.text(asked, "directory"));
        JsonObject told = new JsonObject().put("directory", directory.toString());
        return desk.start(exchange, "", "backup", false, told, job -> {
            job.says("copying to " + directory);
            return desk.node().backup(directory).onSuccess(done -> {
                job.done(1);
                job.says(directory.toString());
            });
        });
    }

    private Path directory(String asked) {
        if (asked.isEmpty()) {
            Instant now = Instant.EPOCH.plus(desk.ticker().micros(), ChronoUnit.MICROS);
            return desk.node().status().dataDirectory().resolve("backups").resolve(STAMP.format(now));
        }
        try {
            Path path = Path.of(asked);
            if (path.isAbsolute()) {
                return path.normalize();
            }
        } catch (InvalidPathException e) {
            // told below
        }
        throw Exchange.invalid(
                "directory: '" + asked + "' (expected: an absolute path on the node that does not exist yet)");
    }

    private Future<Answer> jobs(Exchange exchange) {
        JsonArray jobs = new JsonArray();
        desk.jobs().all("").forEach(job -> jobs.add(job.toJson()));
        return Future.succeededFuture(Answer.ok(new JsonObject().put("jobs", jobs)));
    }

    private Future<Answer> job(Exchange exchange) {
        String id = exchange.path("id");
        Job job = desk.jobs().find("", id).orElseThrow(() -> JobRunner.unknown(id));
        return Future.succeededFuture(Answer.ok(job.toJson()));
    }
}
