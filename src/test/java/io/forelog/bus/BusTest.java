package io.forelog.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.AppendOutcome;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BusTest {
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Duration SHORT = Duration.ofMillis(100);
    private static final AppendBatch BATCH = new AppendBatch("one", List.of());
    private static final AppendReply REPLY = new AppendReply(
            List.of(AppendOutcome.refused(new EntryId(1, 2), ErrorCode.NOT_DURABLE, "as it was answered")));

    private final Vertx vertx = Vertx.vertx();
    private final Bus bus = Bus.on(vertx);
    private final Context asker = ((VertxInternal) vertx).createEventLoopContext();
    private final Context server = ((VertxInternal) vertx).createEventLoopContext();

    @AfterEach
    void close() {
        vertx.close().await();
    }

    @Test
    void anAnswerComesByReferenceOnTheAskersContext() {
        serve((batch, left) -> {
            assertThat(batch).isSameAs(BATCH);
            assertThat(left).isPositive().isLessThanOrEqualTo(LONG);
            return Future.succeededFuture(REPLY);
        });
        AtomicReference<Context> answeredOn = new AtomicReference<>();

        AppendReply reply = on(asker, () -> ask(LONG, LONG).onComplete(done -> answeredOn.set(Vertx.currentContext())))
                .await();

        assertThat(reply).isSameAs(REPLY);
        assertThat(answeredOn.get()).isSameAs(asker);
    }

    @Test
    void codeAndTextOfAFailureGoBack() {
        serve((batch, left) -> Future.failedFuture(new WalException(ErrorCode.QUOTA_EXCEEDED, "too much")));

        failsWith(
                ErrorCode.QUOTA_EXCEEDED,
                "too much",
                () -> on(asker, () -> ask(LONG, LONG)).await());
    }

    @Test
    void aHandlerThatThrowsFailsTheRequest() {
        serve((batch, left) -> {
            throw new IllegalStateException("broken");
        });

        failsWith(
                ErrorCode.INTERNAL,
                "broken",
                () -> on(asker, () -> ask(LONG, LONG)).await());
    }

    @Test
    void whereNobodyServesNothingWasHandedOff() {
        failsWith(
                ErrorCode.UNAVAILABLE,
                "forelog.append/one: nobody serves it",
                () -> on(asker, () -> ask(LONG, LONG)).await());
    }

    @Test
    void anAnswerThatNeverComesIsUnknown() {
        serve((batch, left) -> Promise.<AppendReply>promise().future());

        failsWith(
                ErrorCode.UNKNOWN_DURABILITY,
                "no answer within the deadline",
                () -> on(asker, () -> ask(SHORT, SHORT)).await());
    }

    @Test
    void aLateAnswerIsHeardWhilePatienceLasts() {
        Promise<AppendReply> late = Promise.promise();
        serve((batch, left) -> late.future());
        Future<AppendReply> reply = on(asker, () -> ask(SHORT, LONG));
        vertx.timer(3 * SHORT.toMillis(), TimeUnit.MILLISECONDS).await();
        assertThat(reply.isComplete()).isFalse();

        late.complete(REPLY);

        assertThat(reply.await()).isSameAs(REPLY);
    }

    @Test
    void whatIsNotTakenInTimeIsWithdrawnAndNeverBegun() throws Exception {
        AtomicInteger begun = new AtomicInteger();
        serve((batch, left) -> {
            begun.incrementAndGet();
            return Future.succeededFuture(REPLY);
        });
        CountDownLatch frozen = new CountDownLatch(1);
        server.runOnContext(run -> await(frozen));
        Future<AppendReply> reply = on(asker, () -> ask(SHORT, LONG));

        failsWith(ErrorCode.UNAVAILABLE, "nothing was handed off", reply::await);
        frozen.countDown();
        on(server, () -> Future.succeededFuture()).await();

        assertThat(begun).hasValue(0);
    }

    @Test
    void whatLayBeforeAHandlerThatLeavesIsWithdrawn() {
        Bus.Served served = serve((batch, left) -> Future.succeededFuture(REPLY));
        CountDownLatch frozen = new CountDownLatch(1);
        server.runOnContext(run -> {
            await(frozen);
            served.close();
        });
        Future<AppendReply> reply = on(asker, () -> ask(LONG, LONG));
        frozen.countDown();

        failsWith(ErrorCode.UNAVAILABLE, "nobody serves it", reply::await);
    }

    @Test
    void aRequestIsAnsweredOnTheLoopThatAsksWhereOneIsServedThere() {
        serve((batch, left) -> Future.failedFuture("the other loop's"));
        Bus.Served here = on(
                        asker,
                        () -> Future.succeededFuture(
                                bus.serveTimed(Address.APPEND, "one", (batch, left) -> Future.succeededFuture(REPLY))))
                .await();
        for (int i = 0; i < 4; i++) {
            assertThat(on(asker, () -> ask(LONG, LONG)).await()).isSameAs(REPLY);
        }
        on(asker, here::close).await();

        failsWith(
                ErrorCode.INTERNAL,
                "the other loop's",
                () -> on(asker, () -> ask(LONG, LONG)).await());
    }

    @Test
    void manyAreAnsweredWhateverTheirOrder() {
        List<Promise<AppendReply>> open = new ArrayList<>();
        serve((batch, left) -> {
            Promise<AppendReply> promise = Promise.promise();
            open.add(promise);
            return promise.future();
        });
        List<Future<AppendReply>> replies = new ArrayList<>();
        on(asker, () -> {
                    for (int i = 0; i < 1_000; i++) {
                        replies.add(ask(LONG, LONG));
                    }
                    return Future.succeededFuture();
                })
                .await();
        on(server, () -> {
                    for (int i = 0; i < 1_000; i++) {
                        open.get(i * 7 % 1_000).complete(REPLY);
                    }
                    return Future.succeededFuture();
                })
                .await();

        assertThat(Future.all(replies).await().size()).isEqualTo(1_000);
    }

    @Test
    void aThreadWithoutAContextMayAskToo() {
        serve((batch, left) -> Future.succeededFuture(REPLY));

        assertThat(ask(LONG, LONG).await()).isSameAs(REPLY);
    }

    private Bus.Served serve(Bus.TimedHandler<AppendBatch, AppendReply> handler) {
        return on(server, () -> Future.succeededFuture(bus.serveTimed(Address.APPEND, "one", handler)))
                .await();
    }

    private Future<AppendReply> ask(Duration limit, Duration patience) {
        return bus.request(Address.APPEND, "one", BATCH, limit, patience);
    }

    private static <T> Future<T> on(Context context, Supplier<Future<T>> task) {
        Promise<T> promise = Promise.promise();
        context.runOnContext(run -> task.get().onComplete(promise));
        return promise.future();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void failsWith(ErrorCode code, String text, ThrowingCallable call) {
        assertThatThrownBy(call).satisfies(thrown -> {
            Throwable failure = thrown instanceof CompletionException ? thrown.getCause() : thrown;
            assertThat(failure).isInstanceOf(WalException.class).hasMessageContaining(text);
            assertThat(((WalException) failure).code()).isEqualTo(code);
        });
    }
}
