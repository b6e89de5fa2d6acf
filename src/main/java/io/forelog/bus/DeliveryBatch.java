package io.forelog.bus;

import io.forelog.model.Delivery;
import java.util.List;

/** ConsumerPump to TargetWriter: deliveries for one route, in order. Answered by {@link DeliveryReply}. */
public record DeliveryBatch(String namespace, String target, List<Delivery> deliveries) {}
