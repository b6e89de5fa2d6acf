package io.forelog.config;

import io.forelog.config.NamespaceDocument.AccessPolicy;
import io.forelog.config.NamespaceDocument.AdmissionPolicy;
import io.forelog.config.NamespaceDocument.Completion;
import io.forelog.config.NamespaceDocument.DeadLetterPolicy;
import io.forelog.config.NamespaceDocument.DeliveryPolicy;
import io.forelog.config.NamespaceDocument.OnOrdered;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.config.NamespaceDocument.ReceiptsPolicy;
import io.forelog.config.NamespaceDocument.RetryPolicy;
import io.forelog.config.NamespaceDocument.StoragePolicy;
import io.forelog.model.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a namespace document (design section 6) and tells every problem at once, each as {@code path: value (expected: …)}.
 * Immutable, any thread.
 */
public final class DocumentParser {
    static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}");
    static final String NAME_EXPECTED = "1 to 100 of letters, digits, _ . -, not beginning with . or -";
    static final Duration LONGEST = Duration.ofDays(3650);
    private static final Pattern RISK = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");
    private static final int PAYLOAD_MAX = 16 * 1024 * 1024;
    private static final int PAYLOAD_DEFAULT = 1024 * 1024;

    private final Adapters adapters;
    private final Map<String, Object> defaults;

    /**
     * What was read.
     *
     * @param document null where there are problems
     */
    public record Parsed(@Nullable NamespaceDocument document, List<String> problems) {}

    /** {@code defaults}: what a document lacks, {@code namespace_defaults} of the node. */
    public DocumentParser(Adapters adapters, Map<String, Object> defaults) {
        this.adapters = adapters;
        this.defaults = DocumentText.normal(defaults, "namespace_defaults", new ArrayList<>());
    }

    public Adapters adapters() {
        return adapters;
    }

    /** The problems of the defaults taken by themselves; each begins with {@code namespace_defaults}. */
    public List<String> defaultsProblems() {
        List<String> problems = new ArrayList<>();
        Section root = new Section("", defaults, problems);
        if (defaults.containsKey("namespace")) {
            problems.add("namespace: " + defaults.get("namespace") + " (expected: nothing, a name has no default)");
        }
        NamespaceDocument read = read("defaults", root);
        if (root.has("targets") && problems.isEmpty()) {
            new CrossCheck(adapters, root).check(read);
        }
        return problems.stream().map(problem -> "namespace_defaults." + problem).toList();
    }

    /** {@code name}: of the file or path, which a document without a name takes. */
    public Parsed parse(String name, Map<String, Object> written) {
        List<String> problems = new ArrayList<>();
        Map<String, Object> own = DocumentText.normal(written, "", problems);
        Section root = new Section("", DocumentText.withDefaults(own, defaults), problems);
        NamespaceDocument document = new CrossCheck(adapters, root).check(read(name, root));
        return new Parsed(problems.isEmpty() ? document : null, List.copyOf(problems));
    }

    /** The path of every key there is; a list's items are {@code []}. */
    static Set<String> keys() {
        Set<String> asked = new LinkedHashSet<>();
        Map<String, Object> one = Map.of("physical_storage", Map.of("type", "NONE"));
        Map<String, Object> document = Map.of(
                PersistenceReader.PLURAL,
                Map.of(PersistenceReader.SINGULAR, List.of(one)),
                "targets",
                List.of(Map.of("name", "x")));
        new DocumentParser(new Adapters(Map.of(), Map.of()), Map.of())
                .read("x", new Section("", document, new ArrayList<>(), asked));
        Set<String> keys = new LinkedHashSet<>();
        asked.forEach(key -> keys.add(key.replace("[0]", "[]")));
        return keys;
    }

    private NamespaceDocument read(String name, Section root) {
        String namespace = root.text("namespace", name, NAME, NAME_EXPECTED);
        if (!root.has("namespace") && !NAME.matcher(name).matches()) {
            root.problem("namespace", NAME_EXPECTED + "; the file's name is " + name);
        }
        NamespaceDocument document = new NamespaceDocument(
                namespace,
                new PersistenceReader(adapters).read(root),
                new TargetsReader(adapters).read(root),
                delivery(root.section("delivery")),
                retry(root.section("retry")),
                deadLetter(root.section("dead_letter")),
                storage(root.section("storage")),
                receipts(root.section("receipts")),
                root.names("accept_risk", RISK, "a risk's name such as topic-retention"),
                root.duration("retention", Duration.ZERO, LONGEST, Duration.ofDays(3)),
                access(root.section("access")),
                admission(root.section("admission")),
                root.text("shard", "default", NAME, NAME_EXPECTED));
        root.refuseTheRest();
        return document;
    }

    private static DeliveryPolicy delivery(Section section) {
        DeliveryPolicy delivery = new DeliveryPolicy(
                section.choice("order", Order.class, Order.NONE),
                section.choice("completion", Completion.class, Completion.ALL),
                section.number("max_in_flight", 1, 100_000, 2_048),
                section.duration("max_delay", Duration.ZERO, LONGEST, Duration.ofDays(365)),
                (int) Math.min(PAYLOAD_MAX, section.bytes("max_payload_bytes", 1, PAYLOAD_DEFAULT)),
                section.decimal("pause_on_reject_ratio", Double.MIN_VALUE, 1, 0.5, "a number above 0, at most 1"));
        if (section.bytes("max_payload_bytes", 1, PAYLOAD_DEFAULT) > PAYLOAD_MAX) {
            section.problem("max_payload_bytes", "at most " + PAYLOAD_MAX);
        }
        section.refuseTheRest();
        return delivery;
    }

    private static RetryPolicy retry(Section section) {
        RetryPolicy retry = new RetryPolicy(
                section.duration("initial", Duration.ofMillis(1), Duration.ofDays(1), Duration.ofMillis(500)),
                section.decimal("multiplier", 1, 100, 2, "a number from 1 to 100"),
                section.duration("max", Duration.ofMillis(1), Duration.ofDays(30), Duration.ofMinutes(10)),
                section.choice("jitter", List.of("full", "none"), "full").equals("full"),
                section.number("max_attempts", 1, Integer.MAX_VALUE, 20),
                section.duration("max_age", Duration.ofMillis(1), LONGEST, Duration.ofDays(3)));
        if (retry.max().compareTo(retry.initial()) < 0) {
            section.problem("max", ">= retry.initial, " + retry.initial());
        }
        section.refuseTheRest();
        return retry;
    }

    private static DeadLetterPolicy deadLetter(Section section) {
        DeadLetterPolicy policy = new DeadLetterPolicy(
                section.duration("retention", Duration.ofSeconds(1), LONGEST, Duration.ofDays(14)),
                section.choice("on_ordered", OnOrdered.class, OnOrdered.CONTINUE));
        section.refuseTheRest();
        return policy;
    }

    private static StoragePolicy storage(Section section) {
        StoragePolicy policy = new StoragePolicy(
                section.choice("isolation", List.of("shared", "own"), "shared").equals("own"),
                section.bytes("quota_bytes", 1, Long.MAX_VALUE));
        section.refuseTheRest();
        return policy;
    }

    private static ReceiptsPolicy receipts(Section section) {
        ReceiptsPolicy policy = new ReceiptsPolicy(
                section.choice("store", List.of("none", "embedded"), "embedded"),
                section.duration("retention", Duration.ZERO, LONGEST, Duration.ofDays(1)));
        section.refuseTheRest();
        return policy;
    }

    private static AccessPolicy access(Section section) {
        AccessPolicy policy = new AccessPolicy(section.texts("write"), section.texts("read"), section.texts("admin"));
        section.refuseTheRest();
        return policy;
    }

    private static AdmissionPolicy admission(Section section) {
        AdmissionPolicy policy = new AdmissionPolicy(
                section.choice("priority", Priority.class, Priority.DEGRADED),
                section.rate("rate"),
                section.number("max_in_flight", 1, 10_000_000, 0));
        section.refuseTheRest();
        return policy;
    }
}
