package io.forelog.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a document says that does nothing here, or more than it seems: told where it is applied, for it is better known than
 * found out. Stateless, any thread.
 */
final class Remarks {
    private static final String ANONYMOUS = "anonymous";

    private Remarks() {}

    static List<String> of(NamespaceDocument document) {
        List<String> remarks = new ArrayList<>();
        if (document.receipts().store().equals("none")) {
            remarks.add("receipts.store: none turns nothing off yet; receipts live as long as the log");
        }
        for (int i = 0; i < document.persistence().size(); i++) {
            String path = PersistenceReader.PLURAL + "." + PersistenceReader.SINGULAR + "[" + i + "].config.";
            Map<String, Object> config = document.persistence().get(i).config();
            says(path + "target", config.get("target"), "this version has no routes to other regions", remarks);
            says(path + "durable_storage", config.get("durable_storage"), "this version has no MutateItems", remarks);
        }
        boolean embedded =
                document.persistence().stream().allMatch(queue -> queue.type().equals("EMBEDDED"));
        if (embedded && !document.acceptRisk().isEmpty()) {
            remarks.add("accept_risk: " + document.acceptRisk() + " has no effect; an embedded queue has none of them");
        }
        shutsOut("access.write", document.access().write(), "nobody can write here", remarks);
        shutsOut("access.admin", document.access().admin(), "nobody can administer it over the network", remarks);
        return List.copyOf(remarks);
    }

    private static void says(String key, @Nullable Object value, String why, List<String> remarks) {
        if (value instanceof Map<?, ?> map && !map.isEmpty()) {
            remarks.add(key + ": " + map.keySet() + " has no effect yet; " + why);
        }
    }

    private static void shutsOut(String key, List<String> names, String what, List<String> remarks) {
        if (!names.isEmpty() && !names.contains(ANONYMOUS)) {
            remarks.add(key + ": " + names + ": " + what + "; on a node without identities everybody is " + ANONYMOUS);
        }
    }
}
