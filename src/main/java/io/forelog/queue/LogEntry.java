package io.forelog.queue;

import io.forelog.model.Entry;
import io.forelog.model.Receipt;

/** An entry as it lies in the log. */
public record LogEntry(Entry entry, Receipt receipt) {}
