package io.forelog.model;

/** What is shed first under overload: BULK first, CRITICAL last. */
public enum Priority {
    CRITICAL,
    DEGRADED,
    BEST_EFFORT,
    BULK
}
