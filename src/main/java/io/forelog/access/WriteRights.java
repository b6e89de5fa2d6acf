package io.forelog.access;

import io.forelog.config.Namespace;
import java.util.List;

/** Who may write to a namespace. Called on event loops, a call; answers from memory. */
@FunctionalInterface
public interface WriteRights {
    boolean mayWrite(Identity identity, Namespace namespace);

    /** By the namespace's own list; an empty one admits everybody who reaches the port. */
    static WriteRights byDocument() {
        return (identity, namespace) -> {
            List<String> writers = namespace.document().access().write();
            return writers.isEmpty() || writers.contains(identity.principal());
        };
    }
}
