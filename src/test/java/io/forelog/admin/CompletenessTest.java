package io.forelog.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.config.NamespaceDocument.Completion;
import io.forelog.queue.EntryStatus.RouteStatus;
import io.forelog.queue.EntryStatus.State;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CompletenessTest {
    private static final long SECOND = 1_000_000;

    /** The n-th route ended after n seconds, where it did. */
    private static List<RouteStatus> routes(State... states) {
        List<RouteStatus> routes = new ArrayList<>();
        for (State state : states) {
            long ended = state == State.QUEUED || state == State.MOVED ? 0 : (routes.size() + 1) * SECOND;
            routes.add(new RouteStatus(routes.size(), state, 0, 1, ended, List.of(), ""));
        }
        return routes;
    }

    private static String state(Completion policy, State... states) {
        return Completeness.of(policy, routes(states)).getString("state");
    }

    @Test
    void eachPolicyNeedsAsManyTargetsAsItSays() {
        State[] one = {State.DELIVERED, State.QUEUED, State.QUEUED};
        State[] two = {State.DELIVERED, State.DELIVERED, State.QUEUED};
        State[] three = {State.DELIVERED, State.DELIVERED, State.DELIVERED};
        assertThat(state(Completion.ANY, one)).isEqualTo("COMPLETE");
        assertThat(state(Completion.QUORUM, one)).isEqualTo("OPEN");
        assertThat(state(Completion.QUORUM, two)).isEqualTo("COMPLETE");
        assertThat(state(Completion.ALL, two)).isEqualTo("OPEN");
        assertThat(state(Completion.ALL, three)).isEqualTo("COMPLETE");
        assertThat(state(Completion.QUORUM, State.DELIVERED, State.QUEUED))
                .as("one of two is no majority")
                .isEqualTo("OPEN");
    }

    @Test
    void whatCanNotBeReachedAnyMoreIsSaid() {
        State[] states = {State.DELIVERED, State.DEAD, State.MOVED};
        assertThat(state(Completion.ALL, states)).isEqualTo("FAILED");
        assertThat(state(Completion.QUORUM, states)).isEqualTo("OPEN");
        assertThat(state(Completion.QUORUM, State.EXPIRED, State.CANCELLED, State.DELIVERED))
                .isEqualTo("FAILED");
        assertThat(state(Completion.ANY, State.DEAD, State.EXPIRED)).isEqualTo("FAILED");
    }

    @Test
    void itIsCompleteSinceTheLastTargetThatWasNeeded() {
        JsonObject quorum =
                Completeness.of(Completion.QUORUM, routes(State.DELIVERED, State.DELIVERED, State.DELIVERED));
        assertThat(quorum.getString("at")).isEqualTo(Times.text(2 * SECOND));
        assertThat(quorum.getInteger("needed")).isEqualTo(2);
        assertThat(quorum.getInteger("delivered")).isEqualTo(3);
        assertThat(Completeness.of(Completion.ALL, routes(State.DELIVERED, State.QUEUED))
                        .getString("at"))
                .isNull();
    }
}
