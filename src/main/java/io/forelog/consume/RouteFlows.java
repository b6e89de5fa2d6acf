package io.forelog.consume;

import io.forelog.config.Namespace;
import io.forelog.model.Ticker;
import io.forelog.queue.Queue;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The routes of one namespace: adds them, gives them their policies and their turns, and shares one window out to them.
 * Owned by the pump's thread; at most as many as the namespace has routes, those included that its targets have left.
 */
final class RouteFlows {
    /** What the routes of a namespace hold in memory together. */
    static final long BYTES_MAX = 16L << 20;

    private final Queue queue;
    private final Courier courier;
    private final Ticker ticker;
    private final MeterRegistry registry;
    private final Turns turns;
    private final RandomGenerator random;
    private final int parkedKeysMax;
    private final Runnable stormsChanged;
    private final FairWindow window;
    /** By route id. Replaced whole, since others read it. */
    private volatile List<RouteFlow> flows = List.of();

    private final Map<String, String> pauses = new TreeMap<>();
    private Namespace namespace;
    /** Who has the first turn: it goes round. */
    private int first;

    /** {@code stormsChanged}: what {@link #kept} says is to be kept anew. */
    RouteFlows(
            Namespace namespace,
            Queue queue,
            Courier courier,
            Ticker ticker,
            MeterRegistry registry,
            Turns turns,
            RandomGenerator random,
            int parkedKeysMax,
            Runnable stormsChanged) {
        this.namespace = namespace;
        this.queue = queue;
        this.courier = courier;
        this.ticker = ticker;
        this.registry = registry;
        this.turns = turns;
        this.random = random;
        this.parkedKeysMax = parkedKeysMax;
        this.stormsChanged = stormsChanged;
        this.window = new FairWindow(namespace.document().delivery().maxInFlight(), BYTES_MAX);
    }

    /** Begins with what {@link #kept} was: reasons by target, {@code *} = all; storms as {@link PauseRegister} has them. */
    void start(Map<String, String> kept) {
        kept.forEach((what, reason) -> {
            if (!what.startsWith(PauseRegister.STORM)) {
                pauses.put(what, reason);
            }
        });
        queue.spec().routes().forEach(this::add);
        update(namespace);
        long now = ticker.micros();
        for (RouteFlow flow : flows) {
            String words = kept.get(PauseRegister.STORM + flow.policy().target());
            if (words != null) {
                flow.beginInStorm(words, now);
            }
        }
    }

    /** What the register is to keep where {@code pauses} hold and {@code resumed}, a target or all, is in no storm. */
    Map<String, String> kept(Map<String, String> pauses, @Nullable String resumed) {
        Map<String, String> kept = new TreeMap<>(pauses);
        for (RouteFlow flow : flows) {
            String target = flow.policy().target();
            String words = flow.storm();
            if (words != null && !target.equals(resumed) && !PauseRegister.ALL.equals(resumed)) {
                kept.put(PauseRegister.STORM + target, words);
            }
        }
        return kept;
    }

    /** What it is to keep now. */
    Map<String, String> kept() {
        return kept(pauses, null);
    }

    /** Applies a document: new routes start, policies change, routes without a target end in the dead letters. */
    void update(Namespace newNamespace) {
        namespace = newNamespace;
        window.resize(newNamespace.document().delivery().maxInFlight());
        newNamespace.routes().values().forEach(route -> add(route.id()));
        flows.forEach(flow -> {
            RoutePolicy policy = RoutePolicy.of(newNamespace, flow.route(), find(flow.route()));
            flow.policy(policy.gone() ? flow.policy().afterTarget() : policy);
        });
        turns.soon();
    }

    private void add(int id) {
        if (flows.stream().anyMatch(flow -> flow.route() == id)) {
            return;
        }
        RoutePolicy policy = RoutePolicy.of(namespace, id, find(id));
        RouteMetrics metrics = new RouteMetrics(registry, namespace.name(), policy.target(), id, queue, ticker);
        RouteFlow flow = new RouteFlow(
                namespace.name(),
                policy,
                queue,
                courier,
                window,
                metrics,
                ticker,
                turns,
                random,
                parkedKeysMax,
                stormsChanged);
        flows = Stream.concat(flows.stream(), Stream.of(flow))
                .sorted(Comparator.comparingInt(RouteFlow::route))
                .toList();
        String reason = pauses.getOrDefault(policy.target(), pauses.get(PauseRegister.ALL));
        if (reason != null) {
            flow.pause(reason);
        }
    }

    private Namespace.@Nullable Route find(int id) {
        for (Namespace.Route route : namespace.routes().values()) {
            if (route.id() == id) {
                return route;
            }
        }
        return null;
    }

    /** The pauses after {@code target} ({@code *} = all) is paused: what the register is to keep. */
    Map<String, String> pausesWith(String target, String reason) {
        Map<String, String> after = new TreeMap<>(pauses);
        if (target.equals(PauseRegister.ALL)) {
            after.clear();
        }
        after.put(target, reason);
        return after;
    }

    /** The pauses after {@code target} is resumed; one resumed out of all leaves the others paused. */
    Map<String, String> pausesWithout(String target) {
        if (target.equals(PauseRegister.ALL)) {
            return Map.of();
        }
        Map<String, String> after = new TreeMap<>(pauses);
        after.remove(target);
        String all = after.remove(PauseRegister.ALL);
        if (all != null) {
            flows.stream()
                    .map(flow -> flow.policy().target())
                    .filter(other -> !other.equals(target))
                    .forEach(other -> after.putIfAbsent(other, all));
        }
        return after;
    }

    /** Makes {@code after} so. {@code resumed}: a target, or all, whose storm and held keys end too. */
    void applyPauses(Map<String, String> after, @Nullable String resumed) {
        pauses.clear();
        pauses.putAll(after);
        for (RouteFlow flow : flows) {
            String target = flow.policy().target();
            String reason = pauses.getOrDefault(target, pauses.get(PauseRegister.ALL));
            if (reason != null) {
                flow.pause(reason);
            } else if (resumed != null && (resumed.equals(target) || resumed.equals(PauseRegister.ALL))) {
                flow.resume();
            }
        }
    }

    boolean knows(String target) {
        return target.equals(PauseRegister.ALL)
                || flows.stream().anyMatch(flow -> flow.policy().target().equals(target));
    }

    /** Every route's turn; answers when the next one is wanted at the latest. */
    long turn() {
        long next = Long.MAX_VALUE;
        long now = ticker.micros();
        List<RouteFlow> order = flows;
        first = order.isEmpty() ? 0 : (first + 1) % order.size();
        for (int i = 0; i < order.size(); i++) {
            next = Math.min(next, order.get((first + i) % order.size()).turn(now));
        }
        return next;
    }

    void drain() {
        flows.forEach(RouteFlow::drain);
    }

    boolean drained() {
        return flows.stream().allMatch(RouteFlow::drained);
    }

    /** Any thread. */
    List<PumpStatus> status() {
        return flows.stream().map(RouteFlow::status).toList();
    }

    void close() {
        flows.forEach(RouteFlow::close);
    }
}
