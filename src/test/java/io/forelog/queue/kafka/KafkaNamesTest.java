package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KafkaNamesTest {
    @Test
    void aNamespaceWithoutTopicsHasOneOfItsOwnName() {
        assertThat(KafkaNames.mains("orders", Map.of())).containsExactly("orders");
        assertThat(KafkaNames.deadLetters("orders", Map.of())).containsExactly("orders-dlq");
    }

    @Test
    void oneDeadLetterTopicServesAllOrEachHasItsOwn() {
        Map<String, Object> one = Map.of(KafkaNames.TOPICS, List.of("a", "b"), KafkaNames.DLQ_TOPICS, List.of("d"));
        assertThat(KafkaNames.deadLetters("n", one)).containsExactly("d", "d");
        Map<String, Object> each =
                Map.of(KafkaNames.TOPICS, List.of("a", "b"), KafkaNames.DLQ_TOPICS, List.of("x", "y"));
        assertThat(KafkaNames.deadLetters("n", each)).containsExactly("x", "y");
    }

    @Test
    void whatCantBeIsNamed() {
        assertThatThrownBy(() -> KafkaNames.mains("n", Map.of(KafkaNames.TOPICS, List.of("a b"))))
                .hasMessageContaining("wal-kafka-topics: 'a b'");
        assertThatThrownBy(() -> KafkaNames.deadLetters(
                        "n",
                        Map.of(KafkaNames.TOPICS, List.of("a", "b", "c"), KafkaNames.DLQ_TOPICS, List.of("x", "y"))))
                .hasMessageContaining("one for all, or one for each");
    }

    @Test
    void namesAreAContractWithDataThatExists() {
        assertThat(KafkaNames.ready("a")).isEqualTo("a-ready");
        assertThat(KafkaNames.park("a", 3)).isEqualTo("a-park-3");
        assertThat(KafkaNames.tier("default", TierPlan.Tier.M2)).isEqualTo("forelog-default-tier-2m");
        assertThat(KafkaNames.group("ns", 3)).isEqualTo("forelog.ns.3");
        assertThat(KafkaNames.tierGroup("default")).isEqualTo("forelog.default.tiers");
        assertThat(KafkaNames.deadLetterGroup("ns")).isEqualTo("forelog.ns.dlq");
    }
}
