package io.forelog.config;

import io.forelog.model.Elsewhere;
import io.forelog.model.WalException;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The namespaces that serve. Written by the {@link Reconciler} alone, copied whole on each change; read by any thread. */
public final class LiveNamespaces implements Namespaces {
    private volatile Map<String, Namespace> byName = Map.of();
    private volatile Map<String, WalException> stopped = Map.of();

    private volatile Map<String, String> foreign = Map.of();
    private final Function<String, List<String>> addresses;

    /** {@code addresses}: where writes to a shard go; empty where nobody knows. */
    public LiveNamespaces(Function<String, List<String>> addresses) {
        this.addresses = addresses;
    }

    @Override
    public @Nullable Namespace find(String name) {
        return byName.get(name);
    }

    @Override
    public Collection<Namespace> all() {
        return byName.values();
    }

    @Override
    public @Nullable WalException stopped(String name) {
        String shard = foreign.get(name);
        if (shard == null) {
            return stopped.get(name);
        }
        List<String> there = addresses.apply(shard);
        return WalException.elsewhere(
                "namespace " + name + ": on shard " + shard + " (expected: a request to "
                        + (there.isEmpty() ? "a node of it" : String.join(", ", there)) + ")",
                Elsewhere.shard(shard, there));
    }

    Map<String, Namespace> byName() {
        return byName;
    }

    void put(Namespace namespace) {
        Map<String, Namespace> next = new TreeMap<>(byName);
        next.put(namespace.name(), namespace);
        byName = Collections.unmodifiableMap(next);
        go(namespace.name());
    }

    /** It was to serve and could not be started. */
    void stop(String name, WalException why) {
        Map<String, WalException> next = new TreeMap<>(stopped);
        next.put(name, why);
        stopped = Collections.unmodifiableMap(next);
    }

    /** By name: documents of other shards. */
    void foreign(Map<String, String> shards) {
        foreign = Map.copyOf(shards);
    }

    Map<String, String> foreign() {
        return foreign;
    }

    private void go(String name) {
        if (stopped.containsKey(name)) {
            Map<String, WalException> next = new TreeMap<>(stopped);
            next.remove(name);
            stopped = Collections.unmodifiableMap(next);
        }
    }

    void remove(String name) {
        Map<String, Namespace> next = new TreeMap<>(byName);
        next.remove(name);
        byName = Collections.unmodifiableMap(next);
        go(name);
    }
}
