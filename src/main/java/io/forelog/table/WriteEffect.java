package io.forelog.table;

/** What one write did; all but TOO_OLD are done with. */
public enum WriteEffect {
    /** It is the item's state now. */
    WRITTEN,
    /** The same or a newer version stood there already. */
    SUPERSEDED,
    /** It is so old that a tombstone newer than it may have been forgotten already: applying it could revive a deleted item. */
    TOO_OLD
}
