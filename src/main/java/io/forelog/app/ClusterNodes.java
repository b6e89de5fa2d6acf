package io.forelog.app;

import io.forelog.admin.NodeServices.ClusterNode;
import io.forelog.admin.NodeServices.Home;
import io.forelog.admin.NodeStatus;
import io.forelog.cluster.ClusterTransport;
import io.forelog.cluster.Housekeeping;
import io.forelog.cluster.Member;
import io.forelog.cluster.NodeRegistry;
import io.forelog.cluster.Owners;
import io.forelog.cluster.Owners.Owner;
import io.forelog.config.Namespace;
import io.forelog.config.Namespaces;
import io.forelog.config.NodeConfig;
import io.forelog.database.Database;
import io.forelog.observe.LogKeys;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node among those that share its database: the registry, who owns which embedded namespace, and what of it the management
 * API shows. Any thread; made once, off the event loops.
 */
final class ClusterNodes implements Homes {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterNodes.class);

    /** What the cluster's transport keeps, below the data directory. */
    static final String FOLDER = "cluster";

    /** Nodes: more than a client needs, and within what gRPC clients take as trailers. */
    private static final int ADDRESSES_MAX = 8;

    private final Vertx vertx;
    private final Path folder;
    private final boolean clustered;
    private final String self;
    private final Owners owners;
    private final NodeRegistry registry;
    private final Housekeeping housekeeping;
    private final boolean controls;
    private final Placement placement;
    private final StopMark stopped;
    private final MemberCards cards;
    private final String shard;
    private final String stack;
    private final Namespaces namespaces;
    private final boolean consumes;
    /** Of a fleet all nodes speak TLS, or none. */
    private final String secure;

    /** As last read; null = never. */
    private volatile @Nullable List<Owner> owned;

    /** By namespace that ends: who was to end it before this node. */
    private final Map<String, Set<String>> before = new ConcurrentHashMap<>();

    private volatile boolean asking;
    private Set<String> kept = Set.of();

    ClusterNodes(
            Vertx vertx,
            Database database,
            NodeConfig config,
            Path data,
            Supplier<NodeStatus> status,
            Namespaces namespaces) {
        this.shard = config.shard();
        this.stack = config.stack();
        this.secure = config.locks().tls() == null ? "" : "s";
        this.consumes = config.roles().contains("consumer");
        this.namespaces = namespaces;
        this.vertx = vertx;
        this.folder = data.resolve(FOLDER);
        this.clustered = config.cluster() != null;
        this.self = config.name();
        this.owners = new Owners(database, config.shard());
        this.controls = config.roles().contains("control");
        this.housekeeping = new Housekeeping(database, self);
        this.placement = new Placement(vertx, owners, shard, self, this::mayOwn, data);
        this.stopped = new StopMark(folder);
        this.cards = new MemberCards(vertx);
        this.registry = new NodeRegistry(vertx, database, () -> member(config, status.get()), this::heard);
    }

    private Member member(NodeConfig config, NodeStatus now) {
        return new Member(
                self,
                config.advertisedHost(),
                ports(config, now),
                now.roles(),
                now.shard(),
                now.stack(),
                now.region(),
                now.version(),
                now.phase().name(),
                false,
                applied(),
                now.startedMicros(),
                0);
    }

    private static Map<String, Integer> ports(NodeConfig config, NodeStatus now) {
        Map<String, Integer> ports = new LinkedHashMap<>(now.ports());
        NodeConfig.ClusterConfig cluster = config.cluster();
        if (cluster != null) {
            ports.put("cluster", cluster.port());
        }
        return ports;
    }

    private Map<String, Long> applied() {
        Map<String, Long> applied = new HashMap<>();
        for (Namespace namespace : namespaces.all()) {
            if (namespace.state() == Namespace.State.ACTIVE) {
                applied.put(namespace.name(), namespace.revision());
                applied.put(namespace.name() + Member.SINCE, WriteTurn.of(namespace));
            } else if (namespace.state() != Namespace.State.LEAVING) {
                applied.put(namespace.name() + Member.ENDS, namespace.revision());
            }
        }
        return applied;
    }

    @Override
    public Future<Place> place(Namespace namespace) {
        return placement.place(namespace).compose(place -> lookAtOwners().map(place));
    }

    /** {@code namespace} null: of which this node does not know more than the name. */
    private boolean mayOwn(@Nullable Namespace namespace) {
        return consumes
                && !isToDrain()
                && !registry.isReadOnly()
                && (namespace == null || Placement.isFor(stack, namespace));
    }

    @Override
    public boolean isMisplaced(String namespace, Place place) {
        Owner current = current(namespace);
        if (current == null) {
            return owned != null && !place.isHere() && mayOwn(namespaces.find(namespace));
        }
        return placement.isMine(current)
                ? !place.isHere() || place.leftovers()
                : !place.node().equals(current.node());
    }

    private List<Owner> known() {
        List<Owner> known = owned;
        return known == null ? List.of() : known;
    }

    @Override
    public Future<Void> release(String namespace) {
        return placement.release(namespace);
    }

    Future<Void> start() {
        cards.start();
        if (controls) {
            housekeeping.start(vertx);
        }
        return registry.start();
    }

    private void heard() {
        keepMembers();
        lookWhetherNothingWasMissed();
        if (!asking) {
            asking = true;
            lookAtOwners().onComplete(done -> asking = false);
        }
    }

    /** Never fails: without the database all stays as it was. */
    private Future<Void> lookAtOwners() {
        return owners.all()
                .compose(all -> {
                    owned = all;
                    return stayWhereNobodyComes(all);
                })
                .otherwiseEmpty();
    }

    /** Takes back what nobody took and nobody can take now. */
    private Future<Void> stayWhereNobodyComes(List<Owner> all) {
        List<Future<Void>> changes = new ArrayList<>();
        for (Owner owner : all) {
            if (placement.isMine(owner)
                    && owner.leaving()
                    && current(owner.namespace()) == null
                    && !(isToDrain() && hasHeir(owner.namespace()))) {
                changes.add(owners.stay(owner));
            }
        }
        return Future.join(changes).mapEmpty();
    }

    private boolean hasHeir(String name) {
        Namespace namespace = namespaces.find(name);
        return registry.members().stream()
                .anyMatch(member -> member.isAlive()
                        && !member.name().equals(self)
                        && !member.draining()
                        && member.shard().equals(shard)
                        && member.roles().contains("consumer")
                        && (namespace == null || Placement.isFor(member.stack(), namespace)));
    }

    private @Nullable Owner current(String namespace) {
        return known().stream()
                .filter(owner -> has(owner, namespace) && owner.shard().equals(shard) && !owner.leaving())
                .findFirst()
                .orElse(null);
    }

    @Override
    public boolean isToLeave(String namespace) {
        Owner current = current(namespace);
        return current != null && placement.isMine(current) && isToDrain() && hasHeir(namespace);
    }

    @Override
    public Future<Void> leave(String namespace) {
        Owner current = current(namespace);
        return current == null || !placement.isMine(current) ? Future.succeededFuture() : placement.leave(current);
    }

    @Override
    public boolean mayWrite(Namespace namespace) {
        return WriteTurn.isGiven(self, shard, registry.members(), namespace, stopped.isThere());
    }

    @Override
    public Ending ending(Namespace namespace) {
        if (Placement.isPinned(namespace)) {
            return Ending.LOOK;
        }
        Set<String> seen = before.computeIfAbsent(namespace.name(), first -> ConcurrentHashMap.newKeySet());
        List<Member> alive = registry.members().stream()
                .filter(member -> member.isAlive() && !member.name().equals(self))
                .toList();
        List<String> first = alive.stream()
                .filter(member -> member.name().compareTo(self) < 0 && member.ends(namespace.name()))
                .map(Member::name)
                .toList();
        seen.addAll(first);
        if (!first.isEmpty()) {
            return Ending.WAIT;
        }
        return alive.stream().anyMatch(member -> seen.contains(member.name())) ? Ending.LET_GO : Ending.LOOK;
    }

    @Override
    public List<String> stillEnding(String namespace) {
        return registry.members().stream()
                .filter(member -> member.isAlive() && !member.name().equals(self) && member.ends(namespace))
                .map(Member::name)
                .toList();
    }

    @Override
    public void ended(String namespace) {
        before.remove(namespace);
    }

    /** From now on nobody goes on without this node: who reads the registry sees that it is there. */
    private void lookWhetherNothingWasMissed() {
        List<Member> members = registry.members();
        boolean missing = members.stream()
                        .noneMatch(member ->
                                member.name().equals(self) && member.state().equals("READY"))
                || namespaces.all().stream().anyMatch(namespace -> WriteTurn.isBehind(members, namespace));
        if (stopped.isThere() && !missing) {
            vertx.<Void>executeBlocking(() -> {
                        stopped.caughtUp();
                        return null;
                    })
                    .onFailure(failure -> LOG.atWarn()
                            .addKeyValue(LogKeys.REASON, String.valueOf(failure))
                            .log("The mark of the last stop could not be removed; tried again"));
        }
    }

    private void keepMembers() {
        Set<String> there = registry.members().stream()
                .filter(Member::isAlive)
                .map(member -> member.address("cluster"))
                .filter(address -> !address.isEmpty())
                .collect(Collectors.toCollection(TreeSet::new));
        if (clustered && !there.equals(kept)) {
            kept = there;
            vertx.<Void>executeBlocking(() -> {
                        ClusterTransport.keep(folder, there);
                        return null;
                    })
                    .onFailure(failure -> LOG.atWarn()
                            .addKeyValue(LogKeys.REASON, String.valueOf(failure))
                            .log("Who is in the cluster could not be kept; tried again when it changes"));
        }
    }

    /** Somebody asked this node to give away what it has. */
    boolean isToDrain() {
        return registry.find(self).map(Member::draining).orElse(false);
    }

    @Override
    public boolean isFree(String namespace) {
        List<Owner> known = owned;
        return known != null
                && known.stream()
                        .noneMatch(
                                owner -> has(owner, namespace) && owner.shard().equals(shard));
    }

    @Override
    public boolean isHeldElsewhere(String namespace) {
        return known().stream().anyMatch(owner -> has(owner, namespace) && !placement.isMine(owner));
    }

    private static boolean has(Owner owner, String namespace) {
        return owner.namespace().equals(namespace);
    }

    @Override
    public List<String> behind(String namespace, long revision) {
        List<Member> members = registry.members();
        return members.isEmpty()
                ? List.of("all: the node registry was never read")
                : members.stream()
                        .filter(member -> !member.name().equals(self) && !member.hasApplied(namespace, revision, shard))
                        .map(Member::name)
                        .toList();
    }

    List<String> reasons() {
        if (registry.isReadOnly()) {
            return List.of(
                    "the config store can only be read, as a standby: this node is not on the list of nodes, can take no embedded"
                            + " namespace, and is not waited for when queues or order change (expected: config_store.uri of a server that"
                            + " is written to)");
        }
        return registry.isSuperseded()
                ? List.of("another process has this node's name, " + self + " (expected: a name of its own for each)")
                : List.of();
    }

    Home home(String node) {
        return new Home(
                node,
                registry.listed().stream()
                        .filter(member -> member.name().equals(node) && member.isAlive())
                        .findFirst()
                        .map(member -> member.address("management"))
                        .orElse(""));
    }

    List<ClusterNode> nodes() {
        List<Member> listed = registry.listed();
        List<ClusterNode> nodes = new ArrayList<>();
        listed.forEach(member -> nodes.add(shown(member)));
        nodes.addAll(cards.unlisted(listed));
        return nodes;
    }

    private ClusterNode shown(Member member) {
        NodeStatus.Phase phase = switch (member.state()) {
            case "READY" -> NodeStatus.Phase.READY;
            case "STARTING" -> NodeStatus.Phase.STARTING;
            default -> NodeStatus.Phase.DRAINING;
        };
        return new ClusterNode(
                new NodeStatus(
                        member.name(),
                        member.version(),
                        phase,
                        List.of(),
                        member.shard(),
                        member.stack(),
                        member.region(),
                        member.roles(),
                        member.startedMicros(),
                        member.ports(),
                        Path.of("")),
                member.host(),
                member.isAlive() ? ClusterNode.Presence.ALIVE : ClusterNode.Presence.LOST,
                member.silentSeconds(),
                member.draining(),
                owned(member.name()));
    }

    private List<String> owned(String node) {
        return known().stream()
                .filter(owner -> owner.node().equals(node))
                .map(Owner::namespace)
                .sorted()
                .toList();
    }

    /** Where writes to a shard go, for whoever came to the wrong one: of so many nodes as an answer has room for. */
    List<String> addresses(String shard) {
        return registry.listed().stream()
                .filter(member -> member.shard().equals(shard) && member.isAlive() && takesWrites(member))
                .limit(ADDRESSES_MAX)
                .flatMap(member -> List.of("grpc", "http").stream()
                        .filter(port -> !member.address(port).isEmpty())
                        .map(port -> port + secure + "://" + member.address(port)))
                .toList();
    }

    private static boolean takesWrites(Member member) {
        return !member.address("grpc").isEmpty() || !member.address("http").isEmpty();
    }

    Future<Void> drain(String node, boolean wanted) {
        return registry.drain(node, wanted);
    }

    Future<Void> forget(String node, boolean lostData) {
        return registry.forget(node, lostData);
    }

    /**
     * Never fails. The mark comes first: after a crash in between it is there too often, not too seldom; where it can't be written
     * nobody is told, and they wait for this node as for one that is lost. One that knows of no other node leaves no mark.
     */
    Future<Void> stop() {
        boolean alone =
                registry.members().stream().allMatch(member -> member.name().equals(self));
        return vertx.<Void>executeBlocking(() -> {
                    stopped.put(!alone);
                    return null;
                })
                .onFailure(failure -> LOG.atWarn()
                        .addKeyValue(LogKeys.REASON, String.valueOf(failure))
                        .log("The mark of this stop could not be written: the other nodes will take this one for lost"))
                .compose(marked -> registry.stop())
                .compose(heard -> heard
                        ? Future.<Void>succeededFuture()
                        : vertx.<Void>executeBlocking(() -> {
                            stopped.takeBack();
                            return null;
                        }))
                .otherwiseEmpty();
    }
}
