package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What is freed, on a broker: {@link KafkaQueueIT}. */
class HousekeepingTest {
    private final TopicPlan plan = new TopicPlan("n", "s", List.of("t"), List.of("t-dlq"), List.of(1, 2), false);

    @Test
    void nothingIsFreedThatAnyGroupOfTheNamespaceHasNotSettledKnownHereOrNot() {
        List<String> listed =
                List.of("forelog.n.2", "forelog.n.7", "forelog.n.dlq", "forelog.n.x.7", "forelog.m.3", "mine");
        assertThat(Housekeeping.groups(plan, listed)).containsExactly("forelog.n.1", "forelog.n.2", "forelog.n.7");
    }
}
