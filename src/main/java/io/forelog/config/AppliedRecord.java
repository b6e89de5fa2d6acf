package io.forelog.config;

import io.forelog.config.Namespace.Route;
import io.forelog.config.Namespace.State;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.config.NamespaceDocument.PersistenceConfiguration;
import io.forelog.config.NamespaceDocument.TargetConfiguration;
import io.forelog.config.NamespaceDocument.TargetLimit;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a node has applied of one namespace, as it is kept in the data directory: with it a restart serves the same routes
 * under the same ids, retiring ones included, whatever has become of the document. Immutable.
 *
 * @param revision that was applied
 * @param written the document as written, without the node's defaults
 * @param routes by target name, retiring ones with their last configuration
 * @param queues by id, those that are being drained included; empty = written by a version that had embedded queues alone
 * @param since which revisions it is written and delivered as it is
 * @param nextRoute the next route's id; ids are never reused, not even after the namespace was removed
 */
public record AppliedRecord(
        String namespace,
        long revision,
        State state,
        Map<String, Object> written,
        Map<String, Route> routes,
        int nextRoute,
        List<QueueGeneration> queues,
        Since since) {

    String toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", 1);
        json.put("namespace", namespace);
        json.put("revision", revision);
        json.put("state", state.name());
        json.put("next_route", nextRoute);
        List<Object> list = new ArrayList<>();
        routes.values().forEach(route -> list.add(toMap(route)));
        json.put("routes", list);
        List<Object> kept = new ArrayList<>();
        queues.forEach(queue -> kept.add(toMap(queue)));
        json.put("queues", kept);
        json.put("since", toMap(since));
        json.put("document", written);
        return DocumentText.toJson(json);
    }

    private static Map<String, Object> toMap(QueueGeneration queue) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", queue.id());
        map.put("type", queue.queue().type());
        map.put("serves", List.copyOf(queue.queue().serves()));
        map.put("config", queue.queue().config());
        map.put("draining", queue.draining());
        map.put("since", queue.sinceMicros());
        return map;
    }

    private static QueueGeneration queue(Map<String, Object> map) {
        Set<String> serves = new TreeSet<>();
        ((List<?>) map.getOrDefault("serves", List.of())).forEach(one -> serves.add(String.valueOf(one)));
        return new QueueGeneration(
                number(map, "id").intValue(),
                new PersistenceConfiguration(
                        (String) map.getOrDefault("type", ""),
                        Collections.unmodifiableSet(serves),
                        DocumentText.asMap(map.getOrDefault("config", Map.of()))),
                (Boolean) map.getOrDefault("draining", false),
                number(map, "since").longValue());
    }

    private static Map<String, Object> toMap(Since since) {
        Map<String, Object> map = new LinkedHashMap<>();
        if (since.order() != null) {
            map.put("order", since.order().name());
        }
        map.put("ordered", since.ordered());
        map.put("queues", since.queues());
        return map;
    }

    /** Versions that kept none knew no older way than that of what they had applied. */
    private static Since since(Map<String, Object> json, long revision) {
        if (!json.containsKey("since")) {
            return new Since(null, revision, revision);
        }
        Map<String, Object> map = DocumentText.asMap(json.get("since"));
        Object order = map.get("order");
        return new Since(
                order == null ? null : Order.valueOf(String.valueOf(order)),
                number(map, "ordered").longValue(),
                number(map, "queues").longValue());
    }

    private static Map<String, Object> toMap(Route route) {
        TargetConfiguration target = route.target();
        Map<String, Object> limit = new LinkedHashMap<>();
        limit.put("concurrency", target.limit().concurrency());
        limit.put("rate", target.limit().ratePerSecond());
        limit.put("timeout", target.limit().timeout().toString());
        limit.put("batch", target.limit().batch());
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", route.id());
        map.put("retiring", route.retiring());
        map.put("name", target.name());
        map.put("type", target.type());
        map.put("default", target.isDefault());
        map.put("destinations", target.destinations());
        map.put("config", target.config());
        map.put("limit", limit);
        return map;
    }

    /** Fails with CORRUPT where it is not what {@link #toJson} wrote. */
    static AppliedRecord fromJson(String text, String file) {
        try {
            Map<String, Object> json = DocumentText.parse(text);
            Map<String, Route> routes = new TreeMap<>();
            for (Object item : (List<?>) json.getOrDefault("routes", List.of())) {
                Route route = route(DocumentText.asMap(item));
                routes.put(route.target().name(), route);
            }
            List<QueueGeneration> queues = new ArrayList<>();
            for (Object item : (List<?>) json.getOrDefault("queues", List.of())) {
                queues.add(queue(DocumentText.asMap(item)));
            }
            return new AppliedRecord(
                    (String) json.getOrDefault("namespace", ""),
                    number(json, "revision").longValue(),
                    State.valueOf((String) json.getOrDefault("state", "")),
                    DocumentText.asMap(json.getOrDefault("document", Map.of())),
                    routes,
                    number(json, "next_route").intValue(),
                    List.copyOf(queues),
                    since(json, number(json, "revision").longValue()));
        } catch (RuntimeException e) {
            throw new WalException(
                    ErrorCode.CORRUPT,
                    file + ": " + e.getMessage() + " (expected: the applied state of a namespace)",
                    e);
        }
    }

    private static Route route(Map<String, Object> map) {
        Map<String, Object> limit = DocumentText.asMap(map.getOrDefault("limit", Map.of()));
        List<String> destinations = new ArrayList<>();
        ((List<?>) map.getOrDefault("destinations", List.of())).forEach(one -> destinations.add(String.valueOf(one)));
        return new Route(
                number(map, "id").intValue(),
                new TargetConfiguration(
                        (String) map.getOrDefault("name", ""),
                        (String) map.getOrDefault("type", ""),
                        (Boolean) map.getOrDefault("default", false),
                        List.copyOf(destinations),
                        DocumentText.asMap(map.getOrDefault("config", Map.of())),
                        new TargetLimit(
                                number(limit, "concurrency").intValue(),
                                number(limit, "rate").doubleValue(),
                                Duration.parse((String) limit.getOrDefault("timeout", "")),
                                number(limit, "batch").intValue())),
                (Boolean) map.getOrDefault("retiring", false));
    }

    private static Number number(Map<String, Object> map, String key) {
        if (map.get(key) instanceof Number number) {
            return number;
        }
        throw new IllegalArgumentException(key + ": " + map.get(key) + " (expected: a number)");
    }
}
