package io.forelog.config;

import io.forelog.model.WalException;
import java.util.List;
import java.util.Map;

/**
 * One revision of a namespace document as a store keeps it: not checked yet. Immutable.
 *
 * @param revision of this namespace, ascending from 1
 * @param author who stored it; {@code file} where it was found changed
 * @param action put, remove, discard or rollback
 * @param text as written; empty where it was removed
 * @param source where it lies, for messages
 */
public record StoredDocument(
        String namespace,
        long revision,
        long atMicros,
        String author,
        String comment,
        Action action,
        String text,
        String source) {

    /** What made this revision. */
    public enum Action {
        PUT,
        ROLLBACK,
        REMOVE,
        /** A removal that does not wait for what is left. */
        DISCARD
    }

    /** Whether there is no document from this revision on. */
    public boolean removes() {
        return action == Action.REMOVE || action == Action.DISCARD;
    }

    /**
     * The text as a map, or why it is none.
     *
     * @param values empty where there is a problem
     */
    public record Read(Map<String, Object> values, List<String> problems) {}

    public Read read() {
        try {
            return new Read(DocumentText.parse(text), List.of());
        } catch (WalException e) {
            String text = String.valueOf(e.getMessage());
            return new Read(Map.of(), List.of(text.startsWith(source + ": ") ? text : source + ": " + text));
        }
    }
}
