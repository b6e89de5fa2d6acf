package io.forelog.config;

import java.util.List;

/**
 * A namespace as it is wanted and as it serves, for people. Immutable.
 *
 * @param appliedRevision 0 = none yet
 * @param state ACTIVE, RETIRING; REFUSED or PENDING where nothing of it serves
 * @param problems why the wanted revision is not the applied one; each names path and expectation
 * @param remarks what of the serving document does nothing here, or more than it seems; queues that drain
 * @param text the wanted document as written; empty where it is gone
 */
public record NamespaceStatus(
        String name,
        long desiredRevision,
        long appliedRevision,
        String state,
        List<String> problems,
        List<String> remarks,
        String text) {}
