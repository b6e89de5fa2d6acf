package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicCheckTest {
    private static List<TopicCheck> problems(Map<String, String> changed, String... accepted) {
        Map<String, String> config = new HashMap<>(Topics.settings(3));
        config.putAll(changed);
        return TopicCheck.problems("t", 3, config, Duration.ofDays(3), 1 << 20, Set.of(accepted));
    }

    @Test
    void whatForelogMakesIsFine() {
        assertThat(problems(Map.of())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "cleanup.policy, compact, topic-compaction",
        "cleanup.policy, 'compact,delete', topic-compaction",
        "retention.bytes, 1073741824, topic-retention-bytes",
        "retention.ms, 345599999, topic-retention",
        "min.insync.replicas, 1, topic-min-insync",
        "max.message.bytes, 1048588, topic-message-size"
    })
    void whatBreaksAPromiseIsRefusedUnlessTheRiskIsAccepted(String key, String value, String risk) {
        List<TopicCheck> problems = problems(Map.of(key, value));
        assertThat(problems).extracting(TopicCheck::risk).containsExactly(risk);
        assertThat(problems.get(0).text())
                .contains("topic t: " + key + " is " + value)
                .contains("expected: ");
        assertThat(problems(Map.of(key, value), risk)).isEmpty();
        assertThat(problems(Map.of(key, value), "another-risk")).isNotEmpty();
    }

    @Test
    void aRetentionADayOverTheLongestWaitIsEnough() {
        assertThat(problems(Map.of("retention.ms", "345600000"))).isEmpty();
    }

    @Test
    void aSingleReplicaIsAChoiceAndNoRisk() {
        Map<String, String> config = Topics.settings(1);
        assertThat(TopicCheck.problems("t", 1, config, Duration.ZERO, 0, Set.of()))
                .isEmpty();
    }
}
