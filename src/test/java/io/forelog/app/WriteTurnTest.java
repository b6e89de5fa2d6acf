package io.forelog.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.cluster.Member;
import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.config.Since;
import io.forelog.consume.Documents;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** This node is {@code a}, of shard blue; the namespace is {@value Documents#NAMESPACE}. */
class WriteTurnTest {
    private static final String NS = Documents.NAMESPACE;

    /** At {@code revision}, on a queue that all nodes share, changed last with revision {@code since}. */
    private static Namespace namespace(long revision, long since) {
        Namespace made = new Documents().of(1);
        return new Namespace(
                made.document(),
                revision,
                made.state(),
                made.routes(),
                made.defaultRoutes(),
                List.of(),
                new Since(Order.KEY, since, 1));
    }

    private static Member member(String name, String shard, String state, Map<String, Long> applied) {
        return new Member(
                name, "h", Map.of(), List.of(), shard, "default", "local", "1", state, false, applied, 0, 1_000);
    }

    private static Member told(String name, long revision, long since) {
        return member(name, "blue", "READY", Map.of(NS, revision, NS + Member.SINCE, since));
    }

    private static boolean given(Namespace namespace, Member... members) {
        return WriteTurn.isGiven("a", "blue", List.of(members), namespace, false);
    }

    private static boolean givenToOneThatStopped(Namespace namespace, Member... members) {
        return WriteTurn.isGiven("a", "blue", List.of(members), namespace, true);
    }

    @Test
    void waitsForEveryNodeThatMayWriteInTheOlderWayAlsoAfterARestart() {
        Namespace changed = namespace(7, 7);
        assertThat(given(changed, told("a", 7, 7), told("b", 7, 7))).isTrue();
        assertThat(given(changed, told("a", 7, 7), told("b", 6, 1))).isFalse();
        assertThat(given(namespace(8, 7), told("a", 8, 7), told("b", 6, 1)))
                .as("a later revision that changes nothing of it")
                .isFalse();
        assertThat(given(namespace(8, 7), told("a", 8, 7), told("b", 7, 7))).isTrue();
        assertThat(given(namespace(8, 1), told("a", 8, 1), told("b", 6, 1)))
                .as("nobody waits where the way is the same")
                .isTrue();
    }

    @Test
    void tellsWhatItHasAppliedBeforeItBelievesWhatTheOthersTold() {
        assertThat(given(namespace(7, 7), told("a", 6, 1), member("b", "blue", "STOPPED", Map.of(NS, 6L))))
                .as("b may be about to enter again, and see nothing of 7")
                .isFalse();
        assertThat(given(namespace(7, 7), told("a", 7, 7), member("b", "blue", "STOPPED", Map.of(NS, 6L))))
                .isTrue();
    }

    @Test
    void oneThatIsNewGoesByWhatTheOthersKnowOfThePast() {
        Namespace fresh = namespace(7, 7);
        Member lost = told("c", 6, 1);
        assertThat(given(fresh, told("a", 7, 7), told("b", 7, 1), lost)).isTrue();
        assertThat(given(fresh, told("a", 7, 7), told("b", 7, 7), lost)).isFalse();
        assertThat(given(fresh, told("a", 7, 7), member("b", "blue", "READY", Map.of(NS, 7L)), lost))
                .as("a version that does not tell")
                .isFalse();
    }

    @Test
    void whatOtherShardsDoCountsAlways() {
        Member there = member("r", "red", "READY", Map.of(NS, 6L));
        assertThat(given(namespace(7, 1), told("a", 7, 1), there)).isFalse();
        assertThat(given(namespace(7, 1), told("a", 7, 1), member("r", "red", "READY", Map.of())))
                .isTrue();
    }

    @Test
    void withoutNewsNothingChangesUnlessItSaidThatItStops() {
        assertThat(given(namespace(7, 7))).isTrue();
        assertThat(givenToOneThatStopped(namespace(7, 1))).isFalse();
        assertThat(givenToOneThatStopped(namespace(7, 1), told("a", 7, 1), told("b", 8, 8)))
                .as("b did not wait for it")
                .isFalse();
        assertThat(givenToOneThatStopped(namespace(7, 1), told("a", 7, 1), told("b", 8, 1)))
                .isTrue();
        assertThat(given(namespace(7, 1), told("a", 7, 1), told("b", 8, 8)))
                .as("b waits for it")
                .isTrue();
    }
}
