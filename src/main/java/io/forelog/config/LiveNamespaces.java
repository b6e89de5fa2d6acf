package io.forelog.config;

import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The namespaces that serve. Written by the {@link Reconciler} alone, copied whole on each change; read by any thread. */
public final class LiveNamespaces implements Namespaces {
    private volatile Map<String, Namespace> byName = Map.of();

    @Override
    public @Nullable Namespace find(String name) {
        return byName.get(name);
    }

    @Override
    public Collection<Namespace> all() {
        return byName.values();
    }

    Map<String, Namespace> byName() {
        return byName;
    }

    void put(Namespace namespace) {
        Map<String, Namespace> next = new TreeMap<>(byName);
        next.put(namespace.name(), namespace);
        byName = Collections.unmodifiableMap(next);
    }

    void remove(String name) {
        Map<String, Namespace> next = new TreeMap<>(byName);
        next.remove(name);
        byName = Collections.unmodifiableMap(next);
    }
}
