package io.forelog.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.config.DocumentParser.Parsed;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.model.ErrorCode;
import io.forelog.model.Priority;
import io.forelog.model.WalException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DocumentParserTest {
    private static final String LOG = "targets: [{name: log, type: log, default: true}]\n";

    private final DocumentParser parser = new DocumentParser(Catalogue.BUILT, Map.of());

    private Parsed parse(String yaml) {
        return parser.parse("ns", DocumentText.parse(yaml));
    }

    private NamespaceDocument valid(String yaml) {
        Parsed parsed = parse(yaml);
        assertThat(parsed.problems()).isEmpty();
        return parsed.document();
    }

    @Test
    void aDocumentWithATargetAloneGetsEveryDefault() {
        NamespaceDocument document = valid(LOG);
        assertThat(document.namespace()).isEqualTo("ns");
        assertThat(document.persistence()).singleElement().satisfies(queue -> {
            assertThat(queue.type()).isEqualTo("EMBEDDED");
            assertThat(queue.serves()).containsExactlyInAnyOrder("immediate", "delayed", "retry");
        });
        assertThat(document.delivery().order()).isEqualTo(Order.NONE);
        assertThat(document.delivery().maxDelay()).isEqualTo(Duration.ofDays(365));
        assertThat(document.retry().maxAttempts()).isEqualTo(20);
        assertThat(document.retry().initial()).isEqualTo(Duration.ofMillis(500));
        assertThat(document.deadLetter().retention()).isEqualTo(Duration.ofDays(14));
        assertThat(document.retention()).isEqualTo(Duration.ofDays(3));
        assertThat(document.storage().quotaBytes()).isEqualTo(Long.MAX_VALUE);
        assertThat(document.admission().priority()).isEqualTo(Priority.DEGRADED);
        assertThat(document.shard()).isEqualTo("default");
    }

    @Test
    void readsEveryKeyOfTheDesign() {
        NamespaceDocument document = valid("""
                namespace: product_data
                persistence_configurations:
                  persistence_configuration:
                    - physical_storage: { type: EMBEDDED }
                      serves: [immediate, delayed, retry]
                      config:
                        sync: true
                        wal-kafka-topics: [a, b]
                        wal-kafka-dlq-topics: [a-dlq]
                        wal.kafka.bootstrap.servers.prefix: kafka-foobar
                        consumer_stack: consumer
                        context: what it is for
                        contacts: [team@example.org]
                        target: { euwest1: host }
                        durable_storage: { namespace: n, shard: s, type: kv }
                        wal-queue: [q]
                        wal-dlq-queue: [d]
                        queue.poll-interval.secs: 10
                        queue.max-messages-per-poll: 100
                targets:
                  - name: catalogue
                    type: http
                    default: true
                    destinations: [one, two]
                    config: { url: "http://127.0.0.1:1/", authorization: "env:TOKEN" }
                    limit: { concurrency: 8, rate: 12.5/s, timeout: PT2S, batch: 7 }
                  - { name: other, type: log, limit: { concurrency: adaptive } }
                delivery: { order: key, completion: any, max_in_flight: 9, max_delay: P1D, max_payload_bytes: 2KiB,
                            pause_on_reject_ratio: 0.25 }
                retry: { initial: PT1S, multiplier: 3, max: PT5M, jitter: none, max_attempts: 4, max_age: P1D }
                dead_letter: { retention: P2D, on_ordered: hold }
                storage: { isolation: own, quota_bytes: 10GiB }
                receipts: { store: none, retention: PT1H }
                accept_risk: [topic-retention]
                retention: P1D
                access: { write: [a], admin: [b, c] }
                admission: { priority: BULK, rate: 100/s, max_in_flight: 50 }
                shard: blue
                """);
        assertThat(document.namespace()).isEqualTo("product_data");
        assertThat(document.persistence().get(0).config())
                .containsEntry("consumer_stack", "consumer")
                .containsEntry("durable_storage", Map.of("namespace", "n", "shard", "s", "type", "kv"))
                .containsEntry("queue.max-messages-per-poll", 100)
                .hasSize(13);
        assertThat(document.targets()).hasSize(2);
        NamespaceDocument.TargetConfiguration target = document.targets().get(0);
        assertThat(target.limit()).isEqualTo(new NamespaceDocument.TargetLimit(8, 12.5, Duration.ofSeconds(2), 7));
        assertThat(target.destinations()).containsExactly("one", "two");
        assertThat(document.targets().get(1).limit().concurrency()).isZero();
        assertThat(document.delivery())
                .isEqualTo(new NamespaceDocument.DeliveryPolicy(
                        Order.KEY, NamespaceDocument.Completion.ANY, 9, Duration.ofDays(1), 2048, 0.25));
        assertThat(document.retry())
                .isEqualTo(new NamespaceDocument.RetryPolicy(
                        Duration.ofSeconds(1), 3, Duration.ofMinutes(5), false, 4, Duration.ofDays(1)));
        assertThat(document.deadLetter().onOrdered()).isEqualTo(NamespaceDocument.OnOrdered.HOLD);
        assertThat(document.storage()).isEqualTo(new NamespaceDocument.StoragePolicy(true, 10L << 30));
        assertThat(document.receipts().store()).isEqualTo("none");
        assertThat(document.acceptRisk()).isEqualTo(Set.of("topic-retention"));
        assertThat(document.access().admin()).containsExactly("b", "c");
        assertThat(document.admission()).isEqualTo(new NamespaceDocument.AdmissionPolicy(Priority.BULK, 100, 50));
        assertThat(document.shard()).isEqualTo("blue");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "retry: {max_attempts: -1}                 | retry.max_attempts: -1 (expected: a whole number >= 1)",
                "retry: {max_attempts: many}               | retry.max_attempts: many (expected: a whole number >= 1)",
                "retry: {max_attempt: 3}                   | retry.max_attempt: unknown key, did you mean max_attempts?",
                "retry: {initial: 5}                       | retry.initial: 5 (expected: an ISO-8601 duration",
                "retry: {initial: PT-3S}                   | retry.initial: PT-3S (expected: an ISO-8601 duration from PT0.001S",
                "retry: {initial: PT1M, max: PT1S}         | retry.max: PT1S (expected: >= retry.initial, PT1M)",
                "retry: {multiplier: 0.5}                  | retry.multiplier: 0.5 (expected: a number from 1 to 100)",
                "retry: {jitter: some}                     | retry.jitter: some (expected: one of [full, none])",
                "retry: [1]                                | retry: [1] (expected: a map of keys to values)",
                "deliverry: {order: key}                   | deliverry: unknown key, did you mean delivery?",
                "delivery: {order: keys}                   | delivery.order: keys (expected: one of [none, key])",
                "delivery: {max_in_flight: 0}              | delivery.max_in_flight: 0 (expected: a whole number from 1 to 100000)",
                "delivery: {max_payload_bytes: 1GiB}       | delivery.max_payload_bytes: 1GiB (expected: at most 16777216)",
                "delivery: {pause_on_reject_ratio: 2}      | delivery.pause_on_reject_ratio: 2 (expected: a number above 0, at most 1)",
                "dead_letter: {on_ordered: drop}           | dead_letter.on_ordered: drop (expected: one of [continue, hold])",
                "storage: {isolation: mine}                | storage.isolation: mine (expected: one of [shared, own])",
                "storage: {quota_bytes: -5}                | storage.quota_bytes: -5 (expected: a number of bytes >= 1",
                "receipts: {store: postgres}               | receipts.store: postgres (expected: one of [none, embedded])",
                "accept_risk: [Everything]                 | accept_risk: [Everything] (expected: a list, each a risk's name",
                "retention: forever                        | retention: forever (expected: an ISO-8601 duration",
                "access: {write: me}                       | access.write: me (expected: a list of texts",
                "admission: {rate: 100}                    | admission.rate: 100 (expected: a rate above zero such as 100/s)",
                "admission: {rate: 0/s}                    | admission.rate: 0/s (expected: a rate above zero such as 100/s)",
                "admission: {priority: URGENT}             | admission.priority: URGENT (expected: one of [critical, degraded, best_effort, bulk])",
                "shard: a/b                                | shard: a/b (expected: 1 to 100 of letters",
                "namespace: ../etc                         | namespace: ../etc (expected: 1 to 100 of letters",
                "persistence_configurations: {persistence_configuration: [{physical_storage: {type: NATS}}]} | persistence_configurations.persistence_configuration[0].physical_storage.type: NATS (expected: one of [EMBEDDED])",
                "persistence_configurations: {persistence_configuration: [{}]} | persistence_configurations.persistence_configuration[0].physical_storage.type: missing (expected: one of [EMBEDDED])",
                "persistence_configurations: {persistence_configuration: [{physical_storage: {type: EMBEDDED}, serves: [now]}]} | persistence_configurations.persistence_configuration[0].serves: [now] (expected: some of [immediate, delayed, retry])",
                "persistence_configurations: {persistence_configuration: [{physical_storage: {type: EMBEDDED}, serves: [delayed]}]} | persistence_configurations.persistence_configuration: nobody serves [immediate, retry]",
                "persistence_configurations: {persistence_configuration: [{physical_storage: {type: EMBEDDED}, config: {wal-kafka-topic: [a]}}]} | persistence_configurations.persistence_configuration[0].config.wal-kafka-topic: unknown key, did you mean wal-kafka-topics?",
                "persistence_configurations: {persistence_configuration: [{physical_storage: {type: EMBEDDED}, config: {queue.poll-interval.secs: 0}}]} | persistence_configurations.persistence_configuration[0].config.queue.poll-interval.secs: 0 (expected: >= 1)",
            })
    void aBadValueIsToldWithItsPathAndWhatWasExpected(String yaml, String problem) {
        assertThat(parse(LOG + yaml).problems()).singleElement().asString().startsWith(problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "targets: []                                          | targets: [] (expected: at least one target)",
                "retention: P1D                                       | targets: missing (expected: at least one target, here or in namespace_defaults of conf/forelog.yaml)",
                "targets: {name: a}                                   | targets: a map of [name] (expected: a list of maps)",
                "targets: [{name: a, type: carrier-pigeon}]           | targets[0].type: carrier-pigeon (expected: one of [http, log])",
                "targets: [{type: log}]                               | targets[0].name: missing (expected: 1 to 100",
                "targets: [{name: a/b, type: log}]                    | targets[0].name: a/b (expected: 1 to 100",
                "targets: [{name: a, type: log}, {name: a, type: log}] | targets[1].name: a (expected: a name that no other target has)",
                "targets: [{name: a, type: log, default: 1}]          | targets[0].default: 1 (expected: true or false)",
                "targets: [{name: a, type: log, config: {x: 1}}]      | targets[0].config.x: unknown key",
                "targets: [{name: a, type: http}]                     | targets[0].config.url: missing (expected: text, where to send)",
                "targets: [{name: a, type: http, config: {url: u, metod: PUT}}] | targets[0].config.metod: unknown key, did you mean method?",
                "targets: [{name: a, type: http, config: {url: u, authorization: s3cret}}] | targets[0].config.authorization: (hidden) (expected: file:PATH or env:NAME",
                "targets: [{name: a, type: log, limit: {concurrency: 0}}] | targets[0].limit.concurrency: 0 (expected: a whole number from 1 to 10000)",
                "targets: [{name: a, type: log, limit: {rate: fast}}] | targets[0].limit.rate: fast (expected: a rate",
                "targets: [{name: a, type: log, limit: {timeout: PT0S}}] | targets[0].limit.timeout: PT0S (expected: an ISO-8601 duration from PT0.001S to PT10M)",
                "targets: [{name: a, type: log, destinations: [x, x]}] | targets[0].destinations: [x, x] (expected: a list of texts, none empty and none twice)",
            })
    void aBadTargetIsToldWithItsPathAndWhatWasExpected(String yaml, String problem) {
        List<String> problems = parse(yaml).problems();
        assertThat(problems).anySatisfy(told -> assertThat(told).startsWith(problem));
        assertThat(problems).noneMatch(told -> told.contains("s3cret"));
    }

    @Test
    void everyProblemIsToldAtOnce() {
        Parsed parsed = parse("""
                retry: {max_attempts: -1, max_agee: P1D}
                delivery: {order: sideways}
                targets: [{name: a, type: nothing}, {name: a, type: log}]
                shards: x
                """);
        assertThat(parsed.document()).isNull();
        assertThat(parsed.problems()).hasSize(6);
    }

    @Test
    void sixteenTargetsAreTheMost() {
        StringBuilder yaml = new StringBuilder("targets:\n");
        for (int i = 0; i < 17; i++) {
            yaml.append("  - {name: t").append(i).append(", type: log}\n");
        }
        assertThat(parse(yaml.toString()).problems()).containsExactly("targets: 17 of them (expected: at most 16)");
    }

    @Test
    void whatTheQueueCannotDoIsRefusedWhereItIsAskedForAndLoweredWhereItIsNot() {
        DocumentParser small = new DocumentParser(Catalogue.WITH_SMALL, Map.of());
        String queue =
                LOG + "persistence_configurations: {persistence_configuration: [{physical_storage: {type: small}}]}\n";
        Parsed silent = small.parse("ns", DocumentText.parse(queue));
        assertThat(silent.problems()).isEmpty();
        assertThat(silent.document().delivery().maxDelay()).isEqualTo(Duration.ofMinutes(15));
        assertThat(silent.document().delivery().maxPayloadBytes()).isEqualTo(262_144);
        Parsed asking = small.parse(
                "ns", DocumentText.parse(queue + "delivery: {order: key, max_delay: P1D, max_payload_bytes: 1MiB}"));
        assertThat(asking.problems())
                .containsExactly(
                        "delivery.order: key (expected: none, which is all that a queue of type SMALL keeps)",
                        "delivery.max_delay: P1D (expected: at most PT0S, the longest of a queue of type SMALL with order: key)",
                        "delivery.max_payload_bytes: 1MiB (expected: at most 262144, the largest of a queue of type SMALL)");
    }

    @Test
    void twoQueuesDivideTheWorkBetweenThem() {
        DocumentParser small = new DocumentParser(Catalogue.WITH_SMALL, Map.of());
        String two = LOG
                + "persistence_configurations: {persistence_configuration: [{physical_storage: {type: SMALL}, serves: [%s]},"
                + " {physical_storage: {type: %s}, serves: [%s]}]}\n";
        assertThat(small.parse("ns", DocumentText.parse(two.formatted("immediate", "EMBEDDED", "delayed, retry")))
                        .problems())
                .isEmpty();
        assertThat(small.parse("ns", DocumentText.parse(two.formatted("immediate, retry", "EMBEDDED", "delayed")))
                        .problems())
                .isEmpty();
        assertThat(small.parse(
                                "ns",
                                DocumentText.parse(two.formatted("immediate, retry", "EMBEDDED", "delayed, retry")))
                        .problems())
                .singleElement()
                .asString()
                .contains("(expected: one queue for all, or two that share");
        assertThat(small.parse("ns", DocumentText.parse(two.formatted("immediate", "SMALL", "delayed, retry")))
                        .problems())
                .singleElement()
                .asString()
                .contains("two queues of type SMALL");
        assertThat(small.parse(
                                "ns",
                                DocumentText.parse(two.formatted("immediate", "EMBEDDED", "delayed, retry")
                                        + "delivery: {order: key}"))
                        .problems())
                .contains("delivery.order: key (expected: none, where retries go to another queue)");
    }

    @Test
    void severalTargetsOnAFifoQueueAreRefusedWhereTheRiskIsNotAccepted() {
        DocumentParser sqs = new DocumentParser(
                new Adapters(Map.of("SQS", Catalogue.EMBEDDED), Catalogue.BUILT.targets()), Map.of());
        String queue = "persistence_configurations: {persistence_configuration: [{physical_storage: {type: SQS},"
                + " config: {wal-queue: [q.fifo]}}]}\n";
        String ordered = queue + "delivery: {order: key}\n";
        String two = "targets: [{name: a, type: log}, {name: b, type: log}]\n";
        assertThat(sqs.parse("ns", DocumentText.parse(ordered + two)).problems())
                .singleElement()
                .asString()
                .isEqualTo(
                        "targets: 2 targets with order: key on a queue of type SQS (expected: one, since a target that"
                                + " stands still holds up the others there once queues.sqs.held_messages are in hand; or"
                                + " accept_risk: [fifo-shared-window])");
        assertThat(sqs.parse("ns", DocumentText.parse(ordered + two + "accept_risk: [fifo-shared-window]"))
                        .problems())
                .isEmpty();
        assertThat(sqs.parse("ns", DocumentText.parse(ordered + LOG)).problems())
                .isEmpty();
        assertThat(sqs.parse("ns", DocumentText.parse(queue + two)).problems()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"delayed-queue,SQS", "cross-region-replication,KAFKA", "multi-partition-mutations,KAFKA"})
    void aPersonaParsesVerbatimAndItsQueueTypeIsToldAsUnknownByName(String persona, String type) throws IOException {
        DocumentParser withTargets = new DocumentParser(
                Catalogue.BUILT, DocumentText.parse("targets: [{name: log, type: log, default: true}]"));
        Parsed parsed = withTargets.parse(persona, DocumentText.parse(persona(persona)));
        assertThat(parsed.problems())
                .containsExactly("persistence_configurations.persistence_configuration[0].physical_storage.type: "
                        + type + " (expected: one of [EMBEDDED])");
    }

    @ParameterizedTest
    @CsvSource({"delayed-queue,SQS", "cross-region-replication,KAFKA", "multi-partition-mutations,KAFKA"})
    void aPersonaLoadsAsItStandsOnceItsQueueTypeIsThere(String persona, String type) throws IOException {
        Adapters later = new Adapters(Map.of(type, Catalogue.EMBEDDED), Catalogue.BUILT.targets());
        Parsed parsed =
                new DocumentParser(later, DocumentText.parse(LOG)).parse(persona, DocumentText.parse(persona(persona)));
        assertThat(parsed.problems()).isEmpty();
        assertThat(parsed.document().persistence().get(0).config()).isNotEmpty();
        assertThat(parsed.document().targets()).hasSize(1);
    }

    private static String persona(String name) throws IOException {
        try (InputStream file = DocumentParserTest.class.getResourceAsStream("/personas/" + name + ".json")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void bothSpellingsOfTheArticleMeanTheSame() {
        String snake = LOG
                + "persistence_configurations: {persistence_configuration: [{physical_storage: {type: EMBEDDED},"
                + " config: {consumer_stack: c, durable_storage: {type: kv}}}]}";
        String camel = LOG
                + "persistenceConfigurations: {persistenceConfiguration: [{physicalStorage: {type: EMBEDDED},"
                + " config: {consumerStack: c, durableStorage: {type: kv}}}]}";
        assertThat(valid(camel)).isEqualTo(valid(snake));
        assertThat(parse(LOG + "deadLetter: {}\ndead_letter: {}").problems())
                .containsExactly("dead_letter: given twice, in both spellings (expected: once)");
    }

    @Test
    void defaultsOfTheNodeFillWhatADocumentLacksAndNothingElse() {
        DocumentParser parser = new DocumentParser(
                Catalogue.BUILT,
                DocumentText.parse("retry: {max_attempts: 7, maxAge: P9D}\n" + LOG + "retention: P9D"));
        NamespaceDocument document = parser.parse(
                        "ns", DocumentText.parse("retry: {max_attempts: 3}\ntargets: [{name: b, type: log}]"))
                .document();
        assertThat(document.retry().maxAttempts()).isEqualTo(3);
        assertThat(document.retry().maxAge()).isEqualTo(Duration.ofDays(9));
        assertThat(document.retention()).isEqualTo(Duration.ofDays(9));
        assertThat(document.targets())
                .singleElement()
                .satisfies(target -> assertThat(target.name()).isEqualTo("b"));
        assertThat(new DocumentParser(Catalogue.BUILT, Map.of("retry", Map.of("max_attempts", 0))).defaultsProblems())
                .containsExactly("namespace_defaults.retry.max_attempts: 0 (expected: a whole number >= 1)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"a\": 1, \"a\": 2}|not JSON at line 1",
                "{\"a\": |not JSON at line 1",
                "[1, 2]|document: a list (expected: a map of keys to values)",
                "a: 1\\na: 2|not YAML at line",
                "a: [1|not YAML at line",
                "- a|(expected: a map of keys to values)",
                "just words|(expected: a map of keys to values)"
            })
    void aTextThatIsNoDocumentIsRefusedWithItsPlace(String text, String problem) {
        assertThatThrownBy(() -> DocumentText.parse(text.replace("\\n", "\n")))
                .isInstanceOfSatisfying(WalException.class, failure -> {
                    assertThat(failure.code()).isEqualTo(ErrorCode.MALFORMED_BODY);
                    assertThat(failure.getMessage()).contains(problem);
                });
    }

    @Test
    void noConfiguredValueIsShownByToString() {
        NamespaceDocument document =
                valid("targets: [{name: a, type: http, config: {url: \"http://user:pw@h/\", headers: {x: s3cret}}}]");
        assertThat(document.toString()).contains("url").doesNotContain("s3cret").doesNotContain("pw@h");
    }
}
