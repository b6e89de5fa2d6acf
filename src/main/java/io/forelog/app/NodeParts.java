package io.forelog.app;

import io.forelog.bus.Bus;
import io.forelog.config.Namespace;
import io.forelog.consume.PauseRegister;
import io.forelog.model.Ticker;
import io.forelog.produce.AppendLimits;
import io.forelog.target.TargetProvider;
import io.forelog.target.TargetResources;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What every namespace of a node is built from. Immutable; any thread.
 *
 * @param loops event loops of this node
 * @param media opened when they are needed
 * @param targets by type, lower case
 * @param resources what a target of that type gets from the node
 * @param appendLimits of each namespace
 * @param homes where queues lie
 * @param consumes whether this node delivers the entries of a namespace that is here
 * @param drainLimit how long a pump may take to settle what is in flight
 */
record NodeParts(
        Vertx vertx,
        int loops,
        Bus bus,
        Ticker ticker,
        MeterRegistry metrics,
        PauseRegister pauses,
        Media media,
        Map<String, TargetProvider> targets,
        Function<String, TargetResources> resources,
        AppendLimits appendLimits,
        Homes homes,
        Predicate<Namespace> consumes,
        Duration drainLimit) {}
