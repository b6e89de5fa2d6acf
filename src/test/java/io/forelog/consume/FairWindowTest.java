package io.forelog.consume;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.Receipt;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import org.junit.jupiter.api.Test;

class FairWindowTest {
    private final FairWindow window = new FairWindow(100, 100_000);

    private static Flight flight() {
        return new Flight(
                new Delivery(
                        new Entries(new HandTicker(), "ns").immediate("x"),
                        1,
                        new Receipt("ns", 0, 0),
                        "place",
                        1,
                        0,
                        null,
                        null,
                        0),
                null,
                false);
    }

    @Test
    void aRouteAloneMayHaveItAll() {
        assertThat(window.share().room()).isEqualTo(100);
    }

    @Test
    void whatARouteTakesLeavesTheOthersTheirQuarter() {
        FairWindow.Share greedy = window.share();
        FairWindow.Share modest = window.share();
        assertThat(greedy.room()).isEqualTo(75);

        greedy.reserve(75);

        assertThat(greedy.room()).isZero();
        assertThat(modest.room()).isEqualTo(25);
        modest.reserve(25);
        assertThat(modest.room()).isZero();
    }

    @Test
    void whatIsSettledIsRoomAgain() {
        FairWindow.Share share = window.share();
        Flight flight = flight();
        share.reserve(100);
        share.unreserve(100);
        share.taken(flight);
        assertThat(share.room()).isEqualTo(99);

        share.release(flight);

        assertThat(share.room()).isEqualTo(100);
        assertThat(share.roomBytes()).isEqualTo(100_000);
    }

    @Test
    void aRouteWhoseBytesAreUsedUpHasNoRoom() {
        FairWindow small = new FairWindow(100, 600);
        FairWindow.Share share = small.share();
        share.taken(flight());
        assertThat(share.room()).isEqualTo(99);

        share.taken(flight());

        assertThat(share.room()).isZero();
    }

    @Test
    void aClosedRouteGivesItsShareBack() {
        FairWindow.Share left = window.share();
        FairWindow.Share gone = window.share();
        gone.reserve(50);

        window.close(gone);

        assertThat(left.room()).isEqualTo(100);
    }
}
