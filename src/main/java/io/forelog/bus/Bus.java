package io.forelog.bus;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * The one door to the Vert.x event bus. Any thread; a served handler runs on the context that called
 * {@link #serve}. Over the bus go codes and texts, never exceptions. The bus bounds no sender: whoever sends
 * holds {@link Credits}.
 */
public final class Bus {
    private static final String TIME_LEFT = "time-left-ms";
    /** When it was sent by the monotonic clock of the process that is named before it: others can't read it. */
    private static final String SENT = "sent";

    private static final String PROCESS = UUID.randomUUID() + ":";

    private final Vertx vertx;
    private final DeliveryOptions local = new DeliveryOptions().setLocalOnly(true);
    /** What is served on this node: each address with its number of handlers. */
    private final ConcurrentMap<String, Integer> served = new ConcurrentHashMap<>();

    private final ConcurrentMap<Near, String> near = new ConcurrentHashMap<>();
    private final ConcurrentMap<EventLoop, Waiting> waiting = new ConcurrentHashMap<>();

    /** An address as it is served on one event loop; {@link #near} tells the address that leads there. */
    private record Near(String address, EventLoop loop) {
        String at() {
            return address + '@' + System.identityHashCode(loop);
        }
    }

    private Bus(Vertx vertx) {
        this.vertx = vertx;
    }

    /** Once a Vert.x instance: registers the codecs. */
    public static Bus on(Vertx vertx) {
        Codecs.register(vertx.eventBus());
        return new Bus(vertx);
    }

    /** A handler that answers requests until it is closed. */
    @FunctionalInterface
    public interface Served {
        Future<Void> close();
    }

    /**
     * Serves {@code address} completed by {@code name}, on the caller's context. {@code handler} gets the request; a
     * failure it answers with is a {@link WalException}'s code and text.
     */
    public <Q, A> Served serve(Address<Q, A> address, String name, Function<Q, Future<A>> handler) {
        return this.<Q, A>listen(address.of(name), (request, left) -> handler.apply(request));
    }

    private <Q, A> Served listen(String address, TimedHandler<Q, A> handler) {
        MessageConsumer<Ask<Q, A>> consumer =
                vertx.eventBus().localConsumer(address, message -> answer(message.body(), handler));
        served.merge(address, 1, Integer::sum);
        AtomicBoolean open = new AtomicBoolean(true);
        return () -> {
            if (open.getAndSet(false)) {
                served.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
            }
            return consumer.unregister();
        };
    }

    /** A handler that asks how long the other side still waits. */
    @FunctionalInterface
    public interface TimedHandler<Q, A> {
        /** {@code left}: zero or less where it waits no more. */
        Future<A> answer(Q request, Duration left);
    }

    /**
     * As {@link #serve}, for a handler that must not begin what nobody waits for any more, and that is served on several
     * event loops: a request is answered on the loop that asks, where one is served there.
     */
    public <Q, A> Served serveTimed(Address<Q, A> address, String name, TimedHandler<Q, A> handler) {
        Near here = new Near(address.of(name), loop());
        Served anywhere = listen(here.address(), handler);
        Served nearby = listen(here.at(), handler);
        near.put(here, here.at());
        return () -> {
            Future<Void> left = nearby.close();
            if (!served.containsKey(here.at())) {
                near.remove(here);
            }
            return left.eventually(anywhere::close);
        };
    }

    /** Reaches other nodes. */
    public boolean isClustered() {
        return vertx.isClustered();
    }

    /** As {@link #serveTimed}, for requests of other nodes too. Ends when they can know it. */
    public <Q, A> Future<Served> serveAcross(Address<Q, A> address, String name, TimedHandler<Q, A> handler) {
        MessageConsumer<Q> consumer = vertx.eventBus()
                .consumer(
                        address.of(name),
                        message -> answer(message, request -> handler.answer(request, left(message.headers()))));
        return consumer.completion().map(known -> consumer::unregister);
    }

    /** As {@link #request}, of whatever node serves it. */
    public <Q, A> Future<A> requestAcross(
            Address<Q, A> address, String name, Q request, Duration limit, Duration patience) {
        return vertx.eventBus()
                .<A>request(address.of(name), request, options(limit, patience))
                .map(Message::body)
                .recover(failure -> Future.failedFuture(translate(failure, address.of(name))));
    }

    private static DeliveryOptions options(Duration limit, Duration patience) {
        long millis = Math.max(1L, limit.toMillis());
        return new DeliveryOptions()
                .setSendTimeout(Math.max(millis, patience.toMillis()))
                .addHeader(TIME_LEFT, Long.toString(millis))
                .addHeader(SENT, PROCESS + System.nanoTime());
    }

    private EventLoop loop() {
        return ((ContextInternal) vertx.getOrCreateContext()).nettyEventLoop();
    }

    private static Duration left(MultiMap headers) {
        String limit = headers.get(TIME_LEFT);
        if (limit == null) {
            return Duration.ofDays(1);
        }
        Duration left = Duration.ofMillis(Long.parseLong(limit));
        String sent = headers.get(SENT);
        return sent == null || !sent.startsWith(PROCESS)
                ? left
                : left.minusNanos(System.nanoTime() - Long.parseLong(sent, PROCESS.length(), sent.length(), 10));
    }

    /**
     * Asks and waits at most {@code limit}. Fails with UNAVAILABLE where nobody serves or nobody took it in time
     * (nothing was handed off), with UNKNOWN_DURABILITY where the time ended (it may have been), else with the handler's code
     * and text.
     */
    public <Q, A> Future<A> request(Address<Q, A> address, String name, Q request, Duration limit) {
        return request(address, name, request, limit, limit);
    }

    /**
     * As above, but the receiver is told {@code limit} and the sender waits {@code patience}: a late reply still says what
     * became of it, and when its credit is free.
     */
    public <Q, A> Future<A> request(Address<Q, A> address, String name, Q request, Duration limit, Duration patience) {
        ContextInternal asker = (ContextInternal) vertx.getOrCreateContext();
        EventLoop loop = asker.nettyEventLoop();
        String anywhere = address.of(name);
        String nearby = near.get(new Near(anywhere, loop));
        String to = nearby == null ? anywhere : nearby;
        Ask<Q, A> ask = new Ask<>(anywhere, to, request, asker.promise(), limit, patience);
        waiting(loop).add(ask);
        vertx.eventBus().<Ask<Q, A>>sender(to, local).write(ask).onFailure(failure -> ask.withdraw(Waiting.NOBODY));
        return ask.future();
    }

    private Waiting waiting(EventLoop loop) {
        Waiting known = waiting.get(loop);
        return known == null ? waiting.computeIfAbsent(loop, one -> new Waiting(one, served::containsKey)) : known;
    }

    private static <Q, A> void answer(Ask<Q, A> ask, TimedHandler<Q, A> handler) {
        if (!ask.take()) {
            return;
        }
        Future<A> reply;
        try {
            reply = handler.answer(ask.request(), ask.left());
        } catch (RuntimeException e) {
            reply = Future.failedFuture(e);
        }
        reply.onComplete(ask::answer, ask::fail);
    }

    private static <Q, A> void answer(Message<Q> message, Function<Q, Future<A>> handler) {
        Future<A> reply;
        try {
            reply = handler.apply(message.body());
        } catch (RuntimeException e) {
            reply = Future.failedFuture(e);
        }
        reply.onComplete(message::reply, failure -> {
            WalException told = WalException.of(failure);
            message.fail(told.code().ordinal(), told.getMessage());
        });
    }

    private static WalException translate(Throwable failure, String address) {
        if (!(failure instanceof ReplyException reply)) {
            return WalException.of(failure);
        }
        if (reply.failureType() == ReplyFailure.NO_HANDLERS) {
            return new WalException(ErrorCode.UNAVAILABLE, address + ": " + Waiting.NOBODY);
        }
        if (reply.failureType() == ReplyFailure.TIMEOUT) {
            return new WalException(ErrorCode.UNKNOWN_DURABILITY, address + ": no answer within the deadline");
        }
        ErrorCode[] codes = ErrorCode.values();
        int code = reply.failureCode();
        return new WalException(
                code >= 0 && code < codes.length ? codes[code] : ErrorCode.INTERNAL,
                String.valueOf(reply.getMessage()));
    }
}
