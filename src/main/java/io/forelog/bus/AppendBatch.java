package io.forelog.bus;

import io.forelog.model.Entry;
import java.util.List;

/** Edge to QueuePump: the writes of one event-loop tick for one namespace. Answered by {@link AppendReply}. */
public record AppendBatch(String namespace, List<Entry> entries) {}
