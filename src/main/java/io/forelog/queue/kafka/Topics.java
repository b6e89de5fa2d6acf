package io.forelog.queue.kafka;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.kafka.Appends.Layout;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the topics that a namespace lacks, with the settings on which its promises rest, and checks those that are there (design
 * 14.1). Stateless but for the cluster's clients and the register of what was made; any thread.
 */
final class Topics {
    private static final Logger LOG = LoggerFactory.getLogger(Topics.class);
    private static final long LOOK_MILLIS = 25;
    private static final int LOOKS_MAX = 400;
    private static final int REPLICATION_MAX = 3;
    /** Holds the largest record with room; small enough that what is deleted frees its disk soon. */
    private static final int SEGMENT_BYTES = 128 << 20;

    private final KafkaCluster cluster;
    private final CreatedTopics created;

    Topics(KafkaCluster cluster, CreatedTopics created) {
        this.cluster = cluster;
        this.created = created;
    }

    /** With lanes also where a namespace that is ordered no more may have something parked. */
    Future<TopicPlan> plan(QueueSpec spec) {
        TopicPlan plan = TopicPlan.of(spec, cluster.shard());
        Set<String> parks = new LinkedHashSet<>();
        plan.routes().forEach(route -> parks.addAll(plan.withLanes().parks(route)));
        return plan.lanes()
                ? Future.succeededFuture(plan)
                : describe(parks).map(there -> there.isEmpty() ? plan : plan.withLanes());
    }

    /**
     * Ends when all topics of {@code plan} are there, fit to be used, and known to the producer. INVALID_ARGUMENT where one of others does not keep what is promised; UNAVAILABLE where the cluster does not answer.
     */
    Future<Layout> ensure(TopicPlan plan, QueueSpec spec) {
        Set<String> shared = new LinkedHashSet<>(plan.tiers());
        Set<String> all = new LinkedHashSet<>(plan.mains());
        all.addAll(plan.deadLetterTopics());
        plan.mains().forEach(main -> all.addAll(plan.companions(main)));
        all.addAll(shared);
        return describe(all)
                .compose(there -> cluster.brokers().compose(brokers -> {
                    int replication = cluster.settings().replication() > 0
                            ? cluster.settings().replication()
                            : Math.min(REPLICATION_MAX, brokers);
                    Map<String, Integer> wanted = wanted(plan, there);
                    List<NewTopic> missing = new ArrayList<>();
                    Map<String, NewPartitions> grown = new HashMap<>();
                    wanted.forEach((topic, count) -> {
                        TopicDescription known = there.get(topic);
                        if (known == null) {
                            missing.add(new NewTopic(topic, count, (short) replication).configs(settings(replication)));
                        } else if (count(known) < count) {
                            grown.put(topic, NewPartitions.increaseTo(count));
                        }
                    });
                    return create(missing)
                            .compose(made -> grown.isEmpty()
                                    ? Future.<Void>succeededFuture()
                                    : cluster.ask(admin ->
                                            admin.createPartitions(grown).all()))
                            .compose(made -> refuse(there, spec))
                            .compose(fine -> created.use(cluster.name(), all, spec.namespace()))
                            .compose(used -> awaitKnown(List.copyOf(all)))
                            .onSuccess(known -> ensureClock(replication))
                            .compose(known -> layout(plan, known));
                }));
    }

    /**
     * What is read is all there is. Over how many partitions keys are spread is for every node to see in the same way, whenever it
     * looks: with order in the ready topic, which then is as it was made, whatever was added to the main one since.
     */
    private Future<Layout> layout(TopicPlan plan, Map<String, Integer> known) {
        Set<String> own = new LinkedHashSet<>(plan.mains());
        plan.mains().forEach(main -> own.addAll(plan.companions(main)));
        return describe(own).map(there -> {
            Map<String, Integer> partitions = new HashMap<>(known);
            there.forEach((topic, description) -> partitions.put(topic, count(description)));
            Map<String, Integer> keyed = new HashMap<>(known);
            for (String main : plan.lanes() ? plan.mains() : List.<String>of()) {
                int ready = partitions.getOrDefault(KafkaNames.ready(main), 1);
                int has = partitions.getOrDefault(main, 1);
                keyed.put(main, Math.min(has, ready));
                keyed.put(KafkaNames.ready(main), ready);
                if (has > ready) {
                    LOG.atWarn()
                            .addKeyValue(LogKeys.NAMESPACE, plan.namespace())
                            .addKeyValue(
                                    LogKeys.REASON,
                                    "topic " + main + " has " + has + " partitions, it was made with " + ready)
                            .log(
                                    "Partitions that were added are not written to: with order: key a key stays where it is");
                }
            }
            return new Layout(plan, Map.copyOf(partitions), Map.copyOf(keyed));
        });
    }

    /** Whether a main topic has more partitions than {@code layout} knows of. */
    Future<Boolean> hasGrown(Layout layout) {
        return describe(new LinkedHashSet<>(layout.plan().mains()))
                .map(there -> there.entrySet().stream()
                        .anyMatch(each -> count(each.getValue())
                                > layout.partitions().getOrDefault(each.getKey(), Integer.MAX_VALUE)));
    }

    /** Those of {@code topics} that the cluster says are not there; fails where it does not answer. */
    Future<Set<String>> missing(Set<String> topics) {
        return cluster.ask(admin -> admin.listTopics().names()).compose(listed -> {
            Set<String> unseen = new LinkedHashSet<>(topics);
            unseen.removeAll(listed); // which may be one that may not be listed
            return describe(unseen).map(there -> {
                unseen.removeAll(there.keySet());
                return unseen;
            });
        });
    }

    private static int count(TopicDescription description) {
        return description.partitions().size();
    }

    /**
     * Companions have as many partitions as their main topic has; never fewer than they have now. With order the ready topic keeps
     * those that it was made with: it says over how many keys are spread.
     */
    private Map<String, Integer> wanted(TopicPlan plan, Map<String, TopicDescription> there) {
        KafkaSettings settings = cluster.settings();
        Map<String, Integer> wanted = new LinkedHashMap<>();
        for (String main : plan.mains()) {
            TopicDescription known = there.get(main);
            int count = known == null ? settings.partitions() : count(known);
            wanted.put(main, count);
            plan.companions(main).forEach(companion -> wanted.put(companion, count));
            TopicDescription ready = there.get(KafkaNames.ready(main));
            if (plan.lanes() && ready != null) {
                wanted.put(KafkaNames.ready(main), count(ready));
            }
        }
        plan.deadLetterTopics().forEach(topic -> wanted.putIfAbsent(topic, 1));
        for (String tier : plan.tiers()) {
            TopicDescription known = there.get(tier);
            wanted.put(tier, known == null ? settings.tierPartitions() : count(known));
        }
        return wanted;
    }

    static Map<String, String> settings(int replication) {
        return Map.of(
                "cleanup.policy", "delete",
                "retention.ms", "-1",
                "retention.bytes", "-1",
                "message.timestamp.type", "LogAppendTime",
                "min.insync.replicas", Integer.toString(Math.min(2, replication)),
                "unclean.leader.election.enable", "false",
                "segment.bytes", Integer.toString(SEGMENT_BYTES),
                "max.message.bytes", Integer.toString(Sender.RECORD_BYTES_MAX));
    }

    /** Nothing rests on what it holds, and the namespace does not wait for it. */
    private void ensureClock(int replication) {
        String topic = cluster.clock().topic();
        cluster.clock().begin();
        Map<String, String> settings = new HashMap<>(settings(replication));
        settings.put("retention.ms", "3600000");
        settings.put("min.insync.replicas", "1");
        describe(Set.of(topic))
                .compose(there -> there.isEmpty()
                        ? cluster.ask(admin -> admin.createTopics(
                                                List.of(new NewTopic(topic, 1, (short) replication).configs(settings)))
                                        .all())
                                .recover(failure -> failure.getCause() instanceof TopicExistsException
                                        ? Future.succeededFuture()
                                        : Future.failedFuture(failure))
                        : Future.<Void>succeededFuture())
                .compose(made -> awaitKnown(List.of(topic)))
                .onSuccess(known -> {
                    cluster.clock().found();
                    cluster.askTime();
                })
                .onFailure(failure -> cluster.clock().cannotTell(String.valueOf(failure.getMessage())));
    }

    private Future<Void> create(List<NewTopic> missing) {
        List<Future<Void>> made = new ArrayList<>();
        for (NewTopic each : missing) {
            made.add(cluster.ask(admin -> admin.createTopics(List.of(each)).all())
                    .compose(ok -> created.add(cluster.name(), each.name()))
                    .recover(failure -> failure.getCause() instanceof TopicExistsException
                            ? Future.succeededFuture() // another node was faster
                            : Future.failedFuture(failure)));
        }
        return Future.join(made).mapEmpty();
    }

    /** Those that are there. */
    private Future<Map<String, TopicDescription>> describe(Set<String> topics) {
        Map<String, TopicDescription> there = new HashMap<>();
        List<Future<Void>> asked = new ArrayList<>();
        for (String topic : topics) {
            asked.add(cluster.ask(admin -> admin.describeTopics(List.of(topic))
                            .topicNameValues()
                            .get(topic))
                    .transform((description, failure) -> {
                        if (failure == null) {
                            synchronized (there) {
                                there.put(topic, description);
                            }
                        } else if (!(failure.getCause() instanceof UnknownTopicOrPartitionException)) {
                            return Future.failedFuture(failure);
                        }
                        return Future.succeededFuture();
                    }));
        }
        return Future.join(asked).map(done -> there);
    }

    private Future<Void> refuse(Map<String, TopicDescription> there, QueueSpec spec) {
        return problems(there, spec)
                .compose(problems -> problems.isEmpty()
                        ? Future.succeededFuture()
                        : Future.failedFuture(new WalException(
                                ErrorCode.INVALID_ARGUMENT,
                                problems.stream().map(TopicCheck::text).collect(Collectors.joining("\n")))));
    }

    private Future<List<TopicCheck>> problems(Map<String, TopicDescription> there, QueueSpec spec) {
        Map<ConfigResource, String> resources = new HashMap<>();
        there.keySet().forEach(topic -> resources.put(new ConfigResource(ConfigResource.Type.TOPIC, topic), topic));
        if (resources.isEmpty()) {
            return Future.succeededFuture(List.of());
        }
        QueueSpec.Demands demands = spec.demands();
        return cluster.ask(admin -> admin.describeConfigs(resources.keySet()).all())
                .map(configs -> {
                    List<TopicCheck> problems = new ArrayList<>();
                    there.forEach((topic, description) -> problems.addAll(TopicCheck.problems(
                            topic,
                            description.partitions().get(0).replicas().size(),
                            values(configs.get(new ConfigResource(ConfigResource.Type.TOPIC, topic))),
                            demands.longestWait().compareTo(spec.retention()) > 0
                                    ? demands.longestWait()
                                    : spec.retention(),
                            demands.payloadBytesMax(),
                            demands.acceptRisk())));
                    return problems;
                });
    }

    private static Map<String, String> values(@Nullable Config config) {
        Map<String, String> values = new HashMap<>();
        for (ConfigEntry entry : config == null ? List.<ConfigEntry>of() : config.entries()) {
            if (entry.value() != null) {
                values.put(entry.name(), entry.value());
            }
        }
        return values;
    }

    /** What is wrong now with the topics that are there; what is missing too. Empty = nothing. */
    Future<String> inspect(TopicPlan plan, QueueSpec spec) {
        Set<String> all = new LinkedHashSet<>(plan.mains());
        plan.mains().forEach(main -> all.addAll(plan.companions(main)));
        all.addAll(plan.deadLetterTopics());
        all.addAll(plan.tiers());
        return describe(all)
                .compose(there -> problems(there, spec).map(problems -> {
                    List<String> texts = new ArrayList<>();
                    problems.forEach(problem -> texts.add(problem.text()));
                    all.stream()
                            .filter(topic -> !there.containsKey(topic))
                            .forEach(topic -> texts.add("topic " + topic + ": is gone"));
                    if (!texts.isEmpty()) {
                        LOG.atError()
                                .addKeyValue(LogKeys.NAMESPACE, spec.namespace())
                                .addKeyValue(LogKeys.REASON, String.join("; ", texts))
                                .log("topics do not keep what is promised");
                    }
                    return String.join("; ", texts);
                }));
    }

    /** Ends when the producer knows all topics: it may not wait for that when it writes. */
    private Future<Map<String, Integer>> awaitKnown(List<String> topics) {
        Promise<Map<String, Integer>> promise = KafkaCluster.promise();
        look(topics, new LinkedHashMap<>(), LOOKS_MAX, promise);
        return promise.future();
    }

    private void look(
            List<String> topics, Map<String, Integer> counts, int looks, Promise<Map<String, Integer>> promise) {
        String missing = null;
        try {
            missing = firstUnknown(topics, counts);
        } catch (RuntimeException e) {
            promise.fail(cluster.said(e));
            return;
        }
        if (missing == null) {
            promise.complete(Map.copyOf(counts));
        } else if (looks == 0) {
            promise.fail(new WalException(
                    ErrorCode.UNAVAILABLE, "Kafka cluster " + cluster.name() + ": topic " + missing + " is not known"));
        } else {
            cluster.vertx().setTimer(LOOK_MILLIS, id -> look(topics, counts, looks - 1, promise));
        }
    }

    private @Nullable String firstUnknown(List<String> topics, Map<String, Integer> counts) {
        for (String topic : topics) {
            if (!counts.containsKey(topic)) {
                int count = cluster.sender().partitions(topic).size();
                if (count == 0) {
                    return topic;
                }
                counts.put(topic, count);
            }
        }
        return null;
    }

    /** Deletes those of {@code topics} that Forelog made from this data directory for this namespace alone; others stay. */
    Future<Void> delete(List<String> topics, String namespace) {
        List<String> ours = topics.stream()
                .filter(topic -> created.isOf(cluster.name(), topic, namespace))
                .toList();
        List<Future<Void>> deleted = new ArrayList<>();
        for (String topic : ours) {
            deleted.add(cluster.ask(admin -> admin.deleteTopics(List.of(topic)).all())
                    .recover(failure -> failure.getCause() instanceof UnknownTopicOrPartitionException
                            ? Future.succeededFuture()
                            : Future.failedFuture(failure))
                    .compose(gone -> created.forget(cluster.name(), topic)));
        }
        return Future.join(deleted).compose(done -> created.leave(cluster.name(), topics, namespace));
    }
}
