package io.forelog.bus;

import io.forelog.model.AppendOutcome;
import java.util.List;

/** QueuePump to edge: outcomes in the order of the entries. */
public record AppendReply(List<AppendOutcome> outcomes) {}
