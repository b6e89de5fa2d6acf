package io.forelog.target.evcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import io.forelog.target.Deliveries;
import io.forelog.target.KeyTemplate;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvcachePartsTest {
    private static final Outcome RETRY = Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, "down", Duration.ZERO);
    private static final Outcome REJECTED = Outcome.rejected(ErrorCode.TARGET_REJECTED, "no", false);

    private static Entry entry(Buffer key) {
        return Deliveries.entry(key, Operation.PUT, Map.of(), Map.of(), Buffer.buffer());
    }

    private static CanonicalKey key(String prefix) {
        return new CanonicalKey(prefix, KeyTemplate.parse("{key}"), "");
    }

    @Test
    void aKeyHasItsPrefixAndAColonOrNeither() {
        assertThat(key("users").of(entry(Buffer.buffer("ann")))).asString().isEqualTo("users:ann");
        assertThat(key("").of(entry(Buffer.buffer("ann")))).asString().isEqualTo("ann");
        assertThat(key("").of(entry(Buffer.buffer("x".repeat(200))))).hasSize(200);
        assertThat(key("").of(entry(Buffer.buffer("ü".repeat(125))))).hasSize(250);
    }

    @Test
    void whatEvcachesClientsRefuseIsRejected() {
        for (Buffer bad : new Buffer[] {
            Buffer.buffer(),
            Buffer.buffer("x".repeat(195)),
            Buffer.buffer("ü".repeat(124)),
            Buffer.buffer("a b"),
            Buffer.buffer("a\r\nb"),
            Buffer.buffer("a\u2003b"),
            Buffer.buffer(new byte[] {(byte) 0xFF})
        }) {
            assertThatThrownBy(() -> key("users").of(entry(bad)))
                    .isInstanceOf(WalException.class)
                    .hasMessageContaining("key: ");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "all, 3, 3",
        "majority, 3, 2",
        "majority, 4, 3",
        "majority, 1, 1",
        "one, 3, 1",
        "2, 3, 2",
    })
    void aQuorumIsSoManyGroups(String text, int groups, int quorum) {
        assertThat(EvcacheTargetProvider.quorum(text, groups)).isEqualTo(quorum);
    }

    @Test
    void nodesAreNamedAsEvcacheNamesThem() {
        assertThat(GroupNode.parse("10.0.0.1:11211, ec2-1.example.org/10.0.0.2:11212,[::1]:5"))
                .extracting(GroupNode::ringName)
                .containsExactly("10.0.0.1/10.0.0.1:11211", "ec2-1.example.org/10.0.0.2:11211", "::1/::1:11211");
        assertThat(GroupNode.parse("10.0.0.1:11212").get(0).address().port()).isEqualTo(11_212);
        assertThat(GroupNode.expectation("10.0.0.1:11211,10.0.0.2:11211")).isNull();
        assertThat(GroupNode.expectation("cache:11211")).isNull();
        assertThat(GroupNode.expectation("cache:11211,other:11211")).contains("a name alone");
        assertThat(GroupNode.expectation("10.0.0.1:1,10.0.0.1:2")).contains("no address twice");
        assertThat(GroupNode.expectation("10.0.0.1:1,")).contains("ip:port");
    }

    @Test
    void theQuorumDecidesAndWhatAGroupMissedIsCounted() {
        Tally tally = new Tally(1, 3, 2);
        tally.hear(0, 0, "a", RETRY);
        tally.hear(0, 1, "b", Outcome.applied());
        assertThat(tally.isDecided()).isFalse();
        assertThat(tally.takeMissed(0)).as("not applied yet").isZero();
        tally.hear(0, 2, "c", Outcome.applied());
        assertThat(tally.outcomes()).containsExactly(Outcome.applied());
        assertThat(tally.takeMissed(0)).isEqualTo(1);
        assertThat(tally.takeMissed(0)).as("counted once").isZero();
    }

    @Test
    void aLateFailureChangesNothingButTheCount() {
        Tally tally = new Tally(1, 3, 2);
        tally.hear(0, 1, "b", Outcome.applied());
        tally.hear(0, 2, "c", Outcome.applied());
        assertThat(tally.isDecided()).isTrue();
        tally.hear(0, 0, "a", REJECTED);
        assertThat(tally.outcomes()).containsExactly(Outcome.applied());
        assertThat(tally.takeMissed(0)).isEqualTo(1);
    }

    @Test
    void aRejectionCountsWhereTheQuorumCantBeReached() {
        Tally all = new Tally(1, 3, 3);
        all.hear(0, 0, "a", REJECTED);
        assertThat(all.outcomes()).containsExactly(Outcome.rejected(ErrorCode.TARGET_REJECTED, "a: no", false));
        Tally two = new Tally(1, 3, 2);
        two.hear(0, 0, "a", REJECTED);
        assertThat(two.isDecided()).isFalse();
        two.hear(0, 1, "b", RETRY);
        two.hear(0, 2, "c", Outcome.applied());
        assertThat(two.outcomes())
                .containsExactly(Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, "b: down", Duration.ZERO));
    }
}
