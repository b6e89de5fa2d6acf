package io.forelog.model;

import org.jspecify.annotations.Nullable;

/**
 * What became of one append.
 *
 * @param id the entry's; the first entry's where a token was seen before
 * @param receipt where it lies; null unless durable is TRUE
 * @param code why not TRUE; null where it is
 * @param text the sentence behind {@code code}; empty where there is none
 * @param duplicate answered from an earlier write of the same token
 */
public record AppendOutcome(
        Durable durable,
        EntryId id,
        @Nullable Receipt receipt,
        @Nullable ErrorCode code,
        String text,
        boolean duplicate) {

    public static AppendOutcome appended(EntryId id, Receipt receipt) {
        return new AppendOutcome(Durable.TRUE, id, receipt, null, "", false);
    }

    public static AppendOutcome duplicateOf(EntryId first, Receipt receipt) {
        return new AppendOutcome(Durable.TRUE, first, receipt, null, "", true);
    }

    /** Provably in no queue. */
    public static AppendOutcome refused(EntryId id, ErrorCode code, String text) {
        return new AppendOutcome(Durable.FALSE, id, null, code, text, false);
    }

    public static AppendOutcome unknown(EntryId id, String text) {
        return new AppendOutcome(Durable.UNKNOWN, id, null, ErrorCode.UNKNOWN_DURABILITY, text, false);
    }
}
