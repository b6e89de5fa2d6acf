package io.forelog.access;

import io.forelog.config.Namespace;
import java.util.List;

/**
 * Who may do what with a namespace. Called on event loops, a call; answers from memory.
 *
 * <pre>
 *                     in the list   list empty          list has "*"        an administrator of the node
 * nobody proves who   yes           everybody           everybody           -
 * identities          yes           nobody else         who has an identity yes
 * </pre>
 */
public final class NamespaceRights {
    /** Everybody who has an identity. */
    public static final String ANYBODY = "*";

    private final boolean proved;
    private final List<String> admins;
    private final List<String> scrapers;

    private NamespaceRights(boolean proved, List<String> admins, List<String> scrapers) {
        this.proved = proved;
        this.admins = List.copyOf(admins);
        this.scrapers = List.copyOf(scrapers);
    }

    /** Nobody proves who they are. */
    public static NamespaceRights open() {
        return new NamespaceRights(false, List.of(), List.of());
    }

    /** {@code admins}: of the node; they may do everything. {@code scrapers}: they see all metrics. */
    public static NamespaceRights proved(List<String> admins, List<String> scrapers) {
        return new NamespaceRights(true, admins, scrapers);
    }

    public boolean mayWrite(Identity identity, Namespace namespace) {
        return may(identity, namespace.document().access().write());
    }

    /** Its entries, their payloads and dead letters, and how it is doing. */
    public boolean mayRead(Identity identity, Namespace namespace) {
        return may(identity, namespace.document().access().read()) || proved && mayAdminister(identity, namespace);
    }

    public boolean mayAdminister(Identity identity, Namespace namespace) {
        return may(identity, namespace.document().access().admin());
    }

    /** The node as a whole, and namespaces that are not there yet. */
    public boolean mayAdminister(Identity identity) {
        return !proved || admins.contains(identity.principal());
    }

    /** What the node and all of its namespaces are measured as. */
    public boolean mayScrape(Identity identity) {
        return mayAdminister(identity) || scrapers.contains(identity.principal());
    }

    private boolean may(Identity identity, List<String> list) {
        if (!proved) {
            return list.isEmpty() || list.contains(identity.principal()) || list.contains(ANYBODY);
        }
        return list.contains(identity.principal()) || list.contains(ANYBODY) || admins.contains(identity.principal());
    }
}
