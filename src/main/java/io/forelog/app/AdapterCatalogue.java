package io.forelog.app;

import io.forelog.config.Adapters;
import io.forelog.config.NodeConfig;
import io.forelog.model.ConfigSchema;
import io.forelog.queue.Capabilities;
import io.forelog.queue.QueueProvider;
import io.forelog.target.TargetProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/**
 * The queue and target types on the class path, found once. Immutable; a third party adds one by adding a jar.
 *
 * @param queues by type, upper case
 * @param targets by type, lower case
 */
record AdapterCatalogue(Map<String, QueueProvider> queues, Map<String, TargetProvider> targets) {
    static AdapterCatalogue load() {
        Map<String, QueueProvider> queues = new TreeMap<>();
        ServiceLoader.load(QueueProvider.class).forEach(provider -> queues.put(provider.type(), provider));
        Map<String, TargetProvider> targets = new TreeMap<>();
        ServiceLoader.load(TargetProvider.class).forEach(provider -> targets.put(provider.type(), provider));
        return new AdapterCatalogue(queues, targets);
    }

    /** What is wrong with {@code targets} of the node's configuration, each with its path; empty = nothing. */
    List<String> settingsProblems(NodeConfig config) {
        List<String> problems = new ArrayList<>();
        config.targets().forEach((type, settings) -> {
            TargetProvider provider = targets.get(type);
            if (provider != null) {
                problems.addAll(provider.nodeSchema().problems("targets." + type, settings));
            }
        });
        return problems;
    }

    /** What documents are checked against. */
    Adapters schemas() {
        Map<String, Adapters.QueueType> queueTypes = new TreeMap<>();
        queues.forEach((type, provider) -> {
            Capabilities can = provider.capabilities();
            queueTypes.put(
                    type,
                    new Adapters.QueueType(
                            provider.schema(),
                            can.longestDelay(),
                            can.order(),
                            can.delayWithOrder(),
                            can.largestEntryBytes()));
        });
        Map<String, ConfigSchema> targetTypes = new TreeMap<>();
        targets.forEach((type, provider) -> targetTypes.put(type, provider.schema()));
        return new Adapters(queueTypes, targetTypes);
    }
}
