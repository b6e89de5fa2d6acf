package io.forelog.config;

import io.forelog.model.WalException;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** The namespaces this node serves. Any thread, one volatile read; what is answered is immutable. */
public interface Namespaces {
    /** Null where there is none of that name. */
    @Nullable
    Namespace find(String name);

    /** Why a namespace that is to serve does not, e.g. CORRUPT; null where none of that name is known, or where it serves. */
    default @Nullable WalException stopped(String name) {
        return null;
    }

    /** A moment's picture, by name. */
    Collection<Namespace> all();
}
