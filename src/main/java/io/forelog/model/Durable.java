package io.forelog.model;

/** The answer to a write: in the queue for certain, in no queue for certain, or neither is known. */
public enum Durable {
    UNKNOWN,
    TRUE,
    FALSE
}
