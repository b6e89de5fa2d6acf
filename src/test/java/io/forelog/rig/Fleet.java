package io.forelog.rig;

import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Nodes of one cluster on one config store, by name, each with directories of its own. Used by one test thread. */
public final class Fleet implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(40);
    private static final Duration MORE_LIMIT = Duration.ofSeconds(90);

    private final Path directory;
    private final String storeUri;
    private final String settings;
    private final AdminClient.Credential administrator;
    private final List<Integer> ports;
    private final List<Site> sites;
    private final Map<String, ForelogProcess> nodes = new LinkedHashMap<>();
    private final Map<String, String> stores = new HashMap<>();

    /** Where a node runs: its address, and the command that its own is an argument of. */
    public record Site(String host, List<String> under) {}

    /** {@code settings}: YAML lines that all nodes have. For {@code size} nodes at most. */
    public Fleet(Path directory, String storeUri, int size, String settings) {
        this(directory, storeUri, size, settings, AdminClient.Credential.NONE);
    }

    /** Of nodes that are locked: asked as {@code administrator}. */
    public Fleet(Path directory, String storeUri, int size, String settings, AdminClient.Credential administrator) {
        this(directory, storeUri, Collections.nCopies(size, new Site("127.0.0.1", List.of())), settings, administrator);
    }

    /** Each at its own site. */
    public Fleet(Path directory, String storeUri, List<Site> sites, String settings) {
        this(directory, storeUri, sites, settings, AdminClient.Credential.NONE);
    }

    private Fleet(
            Path directory, String storeUri, List<Site> sites, String settings, AdminClient.Credential administrator) {
        this.sites = sites;
        this.administrator = administrator;
        this.directory = directory;
        this.storeUri = storeUri;
        this.settings = settings;
        this.ports = Ports.apart(sites.size() * 2, 10);
    }

    /** That node is to reach the config store in a way of its own. */
    public Fleet storeOf(String name, String uri) {
        stores.put(name, uri);
        return this;
    }

    /** Not started. */
    public ForelogProcess.Builder builder(String name, String more) {
        return builder(name, name, more);
    }

    /** Not started; in the directory of that name. */
    public ForelogProcess.Builder builder(String name, String folder, String more) {
        int index = nodes.size();
        Site site = sites.get(index);
        ForelogProcess.Builder builder = ForelogProcess.in(directory.resolve(folder));
        if (!site.under().isEmpty()) {
            builder.host(site.host()).under(site.under());
        }
        return builder.credential(administrator)
                .settings("name: " + name)
                .settings("config_store: {type: postgres, uri: '" + stores.getOrDefault(name, storeUri) + "'}")
                .settings("cluster: {host: " + site.host() + ", port: " + ports.get(index * 2) + ", bus_port: "
                        + ports.get(index * 2 + 1) + ", seeds: ['"
                        + sites.get(0).host() + ":" + ports.get(0) + "']}")
                .settings(settings)
                .settings(more);
    }

    /** The ports among nodes of all that were started: cluster and bus. */
    public List<Integer> innerPorts() {
        return ports.subList(0, nodes.size() * 2);
    }

    /** Started and ready. */
    public ForelogProcess start(String name, String more) {
        return start(name, more, ServiceClasspath.find());
    }

    /** Started and ready, of another build: a class path. */
    public ForelogProcess start(String name, String more, String service) {
        ForelogProcess node = builder(name, more).build();
        nodes.put(name, node);
        node.setService(service);
        node.start();
        return node;
    }

    public ForelogProcess start(String name) {
        return start(name, "");
    }

    public ForelogProcess get(String name) {
        return nodes.get(name);
    }

    public List<ForelogProcess> all() {
        return List.copyOf(nodes.values());
    }

    /** Puts the document and waits until every node that lives has applied it, those of its shard. */
    public void apply(String namespace, String document) {
        apply(namespace, document, all().get(0));
    }

    /** Asks that node. */
    public void apply(String namespace, String document, ForelogProcess node) {
        AdminClient.Reply put = node.admin().put("/admin/v1/namespaces/" + namespace, document);
        if (put.status() / 100 != 2) {
            throw new AssertionError(put.toString());
        }
        long revision = put.json().getLong("desired_revision");
        awaitApplied(namespace, revision);
    }

    public void awaitApplied(String namespace, long revision) {
        for (ForelogProcess node : all()) {
            Await.until(
                    namespace + " is applied in revision " + revision,
                    LIMIT,
                    () -> !node.isAlive() || hasApplied(node, namespace, revision),
                    () -> node.admin().get("/admin/v1/namespaces/" + namespace) + node.logTail());
        }
    }

    /** 0 where it does not say, or does not serve it. */
    public static long applied(ForelogProcess node, String namespace) {
        AdminClient.Reply reply = node.admin().get("/admin/v1/namespaces/" + namespace);
        return reply.status() == 200 ? reply.json().getLong("applied_revision") : 0;
    }

    private static boolean hasApplied(ForelogProcess node, String namespace, long revision) {
        AdminClient.Reply reply = node.admin().get("/admin/v1/namespaces/" + namespace);
        return reply.status() == 200
                && (reply.json().getLong("applied_revision") >= revision
                        || reply.json().getString("state").equals("FOREIGN"));
    }

    /** Until so many more writes are TRUE. */
    public void awaitMore(LoadWriter writer, int more, String what) {
        int from = writer.trues().size();
        Await.until(
                what + ": writes are TRUE",
                MORE_LIMIT,
                () -> writer.trues().size() > from + more,
                () -> writer + logTails());
        Soak.tell("%s: %s", what, writer);
    }

    /** Until {@code asked} says so of {@code node}, as {@code cluster status} does. */
    public static void awaitState(ForelogProcess asked, String node, String state) {
        Await.until(
                node + " is " + state,
                MORE_LIMIT,
                () -> asked.admin().get("/admin/v1/cluster").json().getJsonArray("nodes").stream()
                        .map(JsonObject.class::cast)
                        .anyMatch(each -> each.getString("name").equals(node)
                                && each.getString("state").equals(state)),
                () -> asked.admin().get("/admin/v1/cluster").body() + asked.logTail());
    }

    public String logTails() {
        List<String> tails = new ArrayList<>();
        nodes.values().forEach(node -> tails.add(node.logTail()));
        return String.join("\n", tails);
    }

    @Override
    public void close() {
        nodes.values().forEach(ForelogProcess::close);
    }
}
