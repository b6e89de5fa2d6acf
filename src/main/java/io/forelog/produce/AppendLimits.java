package io.forelog.produce;

/**
 * What one namespace may have handed to its queue and not confirmed. Immutable.
 *
 * @param entries at least 1
 * @param bytes payloads and keys, and {@value AppendDesk#OVERHEAD_BYTES} an entry
 */
public record AppendLimits(int entries, long bytes) {
    public static final AppendLimits DEFAULT = new AppendLimits(32_768, 64L << 20);
}
