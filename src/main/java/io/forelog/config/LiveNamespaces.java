package io.forelog.config;

import io.forelog.model.WalException;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The namespaces that serve. Written by the {@link Reconciler} alone, copied whole on each change; read by any thread. */
public final class LiveNamespaces implements Namespaces {
    private volatile Map<String, Namespace> byName = Map.of();
    private volatile Map<String, WalException> stopped = Map.of();

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
        return stopped.get(name);
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
