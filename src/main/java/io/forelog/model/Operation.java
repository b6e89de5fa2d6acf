package io.forelog.model;

/** What the target is asked to do with key and payload. */
public enum Operation {
    PUT,
    DELETE,
    TOUCH
}
