package io.forelog.target;

import java.util.Collections;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The types of target on the classpath, by the name that a namespace document uses. Immutable, any thread. */
public final class TargetTypes {
    private final Map<String, TargetProvider> byType;

    private TargetTypes(Map<String, TargetProvider> byType) {
        this.byType = byType;
    }

    /** All that {@link ServiceLoader} finds. Two of one name are a broken installation. */
    public static TargetTypes load() {
        Map<String, TargetProvider> found = new TreeMap<>();
        for (TargetProvider provider : ServiceLoader.load(TargetProvider.class)) {
            TargetProvider other = found.put(provider.type(), provider);
            if (other != null) {
                throw new IllegalStateException("target type " + provider.type() + ": provided by both "
                        + other.getClass().getName() + " and "
                        + provider.getClass().getName()
                        + " (expected: one of them on the classpath)");
            }
        }
        return new TargetTypes(Collections.unmodifiableMap(found));
    }

    /** Null where there is none of that name. */
    public @Nullable TargetProvider find(String type) {
        return byType.get(type);
    }

    /** In alphabetical order. */
    public Set<String> names() {
        return byType.keySet();
    }
}
