package io.forelog.bus;

import io.forelog.model.Outcome;
import java.util.List;

/** TargetWriter to ConsumerPump: outcomes in the order of the deliveries. */
public record DeliveryReply(List<Outcome> outcomes) {}
