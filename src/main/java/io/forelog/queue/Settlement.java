package io.forelog.queue;

import io.forelog.model.Delivery;

/** What became of one delivery. */
public record Settlement(Delivery delivery, Verdict verdict) {}
