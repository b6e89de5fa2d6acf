package io.forelog.queue.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Ticker;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/** How much is brought out of the blob store at a time; the store answers when the test says so. */
class LoadsTest {
    private static final int SIZE = 400;

    private final Vertx vertx = Vertx.vertx();
    private final ContextInternal home = ((VertxInternal) vertx).createEventLoopContext();
    private final Entries entries = new Entries(new HandTicker(), "orders");
    private final Shelf shelf = new Shelf(100, 1_000, false);
    private final Loads loads = new Loads(home, shelf);
    private final List<Promise<Optional<Buffer>>> asked = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private <T> T there(Supplier<T> what) throws Exception {
        CompletableFuture<T> done = new CompletableFuture<>();
        home.runOnContext(run -> {
            T value = what.get();
            home.runOnContext(ended -> done.complete(value));
        });
        return done.get(20, TimeUnit.SECONDS);
    }

    private final class AskedStore extends HandBlobs {
        @Override
        public Future<Optional<Buffer>> get(String id) {
            Promise<Optional<Buffer>> promise = Promise.promise();
            asked.add(promise);
            return promise.future();
        }
    }

    private Line line() {
        SqsSettings settings = SqsSettings.of(Map.of("endpoint", "http://127.0.0.1:1"));
        HandBlobs store = new AskedStore();
        return new Line(
                new SqsCalls(
                        new NoClient(),
                        home,
                        new Reach("test"),
                        Duration.ofSeconds(10),
                        new SqsClock(Ticker.anchored(), "node")),
                "queue",
                "url",
                settings.messageBytes(),
                settings,
                new ClaimCheck(home, () -> Future.succeededFuture(store), 1_000, Duration.ofSeconds(10)),
                filled -> {});
    }

    private static final class NoClient implements SqsAsyncClient {
        @Override
        public String serviceName() {
            return "sqs";
        }

        @Override
        public void close() {
            // nothing to close
        }
    }

    private List<Held> held(long blobBytes, int count) throws Exception {
        Line line = line();
        return there(() -> {
            List<Held> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                Parcel rest = Parcel.fresh(entries.immediate(""));
                Held held = new Held(line, "m" + i, "r", rest, "blob" + i, blobBytes, 1, i, i, 10, 0);
                shelf.add(held);
                loads.load(held);
                all.add(held);
            }
            return all;
        });
    }

    private void answer(int number) throws Exception {
        there(() -> {
            asked.get(number).complete(Optional.of(Buffer.buffer(new byte[SIZE])));
            return null;
        });
    }

    @Test
    void asManyAreLoadedAsThereIsRoomForAndTheNextWhenOneHasGone() throws Exception {
        List<Held> all = held(SIZE, 5);
        assertThat(asked).as("two of 400 in 1,000").hasSize(2);
        answer(0);
        answer(1);
        assertThat(asked).hasSize(2);
        assertThat(all.get(1).isWhole()).isTrue();
        there(() -> {
            shelf.remove(all.get(0));
            loads.look();
            return null;
        });
        assertThat(asked).hasSize(3);
    }

    @Test
    void whatNobodyMeasuredIsLoadedAloneAndCountedThen() throws Exception {
        held(-1, 5);
        assertThat(asked).hasSize(1);
        answer(0);
        assertThat(asked).hasSize(2);
        answer(1);
        assertThat(asked).as("850 of 1,000: it may be as small as one").hasSize(3);
        answer(2);
        assertThat(asked).as("1,250 of 1,000").hasSize(3);
    }

    @Test
    void oneThatIsLargerThanAllTheRoomIsLoadedAlone() throws Exception {
        held(5_000, 2);
        assertThat(asked).hasSize(1);
    }

    @Test
    void whatWasGivenBackMeanwhileIsNotLoaded() throws Exception {
        List<Held> all = held(SIZE, 3);
        Future<Void> given = there(() -> {
            Future<Void> load = loads.load(all.get(2));
            shelf.remove(all.get(2));
            shelf.remove(all.get(0));
            loads.look();
            return load;
        });
        assertThat(asked).hasSize(2);
        assertThat(given.failed()).isTrue();
    }
}
