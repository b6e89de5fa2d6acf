package io.forelog.admin;

import io.forelog.config.Namespace;
import io.forelog.config.Namespaces;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.util.List;

/** Who calls the management port and what they may do there. Called on event loops; answers from memory. */
public interface Rights {
    /** The caller's name. Fails by throwing UNAUTHENTICATED. */
    String principal(HttpServerRequest request);

    /** {@code namespace} empty = the node as a whole. */
    boolean mayAdminister(String principal, String namespace);

    boolean mayReadPayloads(String principal, HttpServerRequest request);

    /**
     * Without identities: everybody who reaches the port is {@code anonymous}, may administer what names no
     * administrators, and reads payloads on the machine itself only.
     */
    static Rights anonymous(Namespaces namespaces) {
        return new Rights() {
            @Override
            public String principal(HttpServerRequest request) {
                return "anonymous";
            }

            @Override
            public boolean mayAdminister(String principal, String name) {
                Namespace namespace = namespaces.find(name);
                List<String> admins = namespace == null
                        ? List.of()
                        : namespace.document().access().admin();
                return admins.isEmpty() || admins.contains(principal);
            }

            @Override
            public boolean mayReadPayloads(String principal, HttpServerRequest request) {
                return isLoopback(request.remoteAddress());
            }
        };
    }

    private static boolean isLoopback(SocketAddress address) {
        String host = address == null ? null : address.hostAddress();
        return host != null && (host.startsWith("127.") || host.equals("::1") || host.equals("0:0:0:0:0:0:0:1"));
    }
}
