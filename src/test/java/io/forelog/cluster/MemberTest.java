package io.forelog.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MemberTest {
    private static Member member(String shard, String state, Map<String, Long> applied) {
        return new Member(
                "n", "h", Map.of(), List.of(), shard, "default", "local", "1", state, false, applied, 0, 1_000);
    }

    @Test
    void oneThatIsStartingIsJudgedByWhatItHadBefore() {
        assertThat(member("blue", "STARTING", Map.of("ns", 3L)).hasApplied("ns", 3, "blue"))
                .isTrue();
        assertThat(member("blue", "STARTING", Map.of("ns", 2L)).hasApplied("ns", 3, "blue"))
                .isFalse();
        assertThat(member("red", "STARTING", Map.of("ns", 2L)).hasApplied("ns", 3, "blue"))
                .isFalse();
    }

    @Test
    void oneOfAnotherShardThatDiedWhileItStartedAndNeverHadItHoldsUpNobody() {
        assertThat(member("red", "STARTING", Map.of("other", 1L)).hasApplied("ns", 3, "blue"))
                .isTrue();
        assertThat(member("blue", "STARTING", Map.of("other", 1L)).hasApplied("ns", 3, "blue"))
                .as("one of this shard may begin with any document")
                .isFalse();
    }
}
