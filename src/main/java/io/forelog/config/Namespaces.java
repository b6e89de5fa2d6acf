package io.forelog.config;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** The namespaces this node serves. Any thread, one volatile read; what is answered is immutable. */
public interface Namespaces {
    /** Null where there is none of that name. */
    @Nullable
    Namespace find(String name);

    /** A moment's picture, by name. */
    Collection<Namespace> all();
}
