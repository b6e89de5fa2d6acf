package io.forelog.config;

import java.util.List;
import java.util.Map;

/**
 * A namespace as it serves now: the applied document and the numbers of its routes. Immutable; replaced whole.
 *
 * @param revision of the document that is applied; ascending
 * @param routes every live route by target name, retiring ones included; ids are never reused
 * @param defaultRoutes ids an entry without a target gets, ascending
 * @param queues those that the document configures and those that are being drained, by id
 * @param since which revisions it is written and delivered as it is
 */
public record Namespace(
        NamespaceDocument document,
        long revision,
        State state,
        Map<String, Route> routes,
        List<Integer> defaultRoutes,
        List<QueueGeneration> queues,
        Since since) {

    /** One that never had other queues than its document has, nor another order. */
    public Namespace(
            NamespaceDocument document,
            long revision,
            State state,
            Map<String, Route> routes,
            List<Integer> defaultRoutes) {
        this(
                document,
                revision,
                state,
                routes,
                defaultRoutes,
                QueueGeneration.first(document),
                Since.ever(document.delivery().order()));
    }

    /**
     * Writes are taken; writes are refused and the rest is delivered; writes are refused and nothing is delivered any more; writes go to
     * another shard, and what only this one can get at is delivered; nothing is left.
     */
    public enum State {
        ACTIVE,
        RETIRING,
        DISCARDING,
        LEAVING,
        RETIRED
    }

    /**
     * A route: namespace x target.
     *
     * @param id numeric, of this namespace, never reused
     * @param target how it is reached now; the last known configuration where it is retiring
     * @param retiring no new entries; goes when drained
     */
    public record Route(int id, NamespaceDocument.TargetConfiguration target, boolean retiring) {}

    public String name() {
        return document.namespace();
    }
}
