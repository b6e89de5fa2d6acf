package io.forelog.config;

import io.forelog.config.NamespaceDocument.Completion;
import java.util.ArrayList;
import java.util.List;

/**
 * What a document says that does nothing here, or more than it seems: told where it is applied, for it is better known than
 * found out. Stateless, any thread.
 */
final class Remarks {
    private static final String ANONYMOUS = "anonymous";

    private Remarks() {}

    static List<String> of(NamespaceDocument document) {
        List<String> remarks = new ArrayList<>();
        if (document.delivery().completion() != Completion.ALL) {
            remarks.add("delivery.completion: " + lower(document.delivery().completion())
                    + " has no effect yet; each target is settled by itself, as with all");
        }
        if (document.receipts().store().equals("none")) {
            remarks.add("receipts.store: none turns nothing off yet; receipts live as long as the log");
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

    private static void shutsOut(String key, List<String> names, String what, List<String> remarks) {
        if (!names.isEmpty() && !names.contains(ANONYMOUS)) {
            remarks.add(key + ": " + names + ": " + what + "; nothing proves yet who somebody is, so everybody is "
                    + ANONYMOUS);
        }
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(java.util.Locale.ROOT);
    }
}
