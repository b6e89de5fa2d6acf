package io.forelog.admin;

import io.forelog.access.Identity;
import io.forelog.access.Locks;
import io.forelog.config.Namespace;
import io.forelog.config.Namespaces;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;

/** Who calls the management port and what they may do there. Called on event loops; answers from memory. */
public interface Rights {
    /** The caller's name. Fails by throwing UNAUTHENTICATED. */
    String principal(HttpServerRequest request);

    /** {@code namespace} empty = the node as a whole. */
    boolean mayAdminister(String principal, String namespace);

    /** How {@code namespace} is doing, and its entries without their payloads; empty = the node as a whole. */
    boolean mayLook(String principal, String namespace);

    boolean mayReadPayloads(String principal, HttpServerRequest request, String namespace);

    /** The metrics of all namespaces. */
    boolean mayScrape(String principal);

    /**
     * Where nobody proves who they are: everybody who reaches the port is {@code anonymous}, may administer what names no
     * administrators, and reads payloads on the machine itself only. Else by the namespace's {@code access} and the node's administrators.
     */
    static Rights of(Locks locks, Namespaces namespaces) {
        return new Rights() {
            @Override
            public String principal(HttpServerRequest request) {
                return locks.identities()
                        .identify(request.headers(), request.connection())
                        .principal();
            }

            @Override
            public boolean mayAdminister(String principal, String name) {
                Identity caller = new Identity(principal);
                Namespace namespace = namespaces.find(name);
                return namespace == null
                        ? locks.rights().mayAdminister(caller)
                        : locks.rights().mayAdminister(caller, namespace);
            }

            @Override
            public boolean mayLook(String principal, String name) {
                Namespace namespace = namespaces.find(name);
                return !locks.identified()
                        || (namespace == null
                                ? isKnown(principal, name) || locks.rights().mayAdminister(new Identity(principal))
                                : locks.rights().mayRead(new Identity(principal), namespace));
            }

            @Override
            public boolean mayScrape(String principal) {
                return locks.rights().mayScrape(new Identity(principal));
            }

            @Override
            public boolean mayReadPayloads(String principal, HttpServerRequest request, String name) {
                return locks.identified()
                        ? !name.isEmpty() && mayLook(principal, name)
                        : isLoopback(request.remoteAddress());
            }
        };
    }

    /** The node as a whole shows itself to whoever has proved who they are. */
    private static boolean isKnown(String principal, String name) {
        return name.isEmpty() && !principal.equals(Identity.ANONYMOUS.principal());
    }

    private static boolean isLoopback(SocketAddress address) {
        String host = address == null ? null : address.hostAddress();
        return host != null && (host.startsWith("127.") || host.equals("::1") || host.equals("0:0:0:0:0:0:0:1"));
    }
}
