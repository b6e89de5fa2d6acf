package io.forelog.queue.sqs;

import io.forelog.model.Delivery;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/**
 * Receives while somebody wants to take: one long poll at first, more while polls come back full, up to
 * {@code queue.max-messages-per-poll}. What is not due yet goes to {@link Endings}; the rest waits on the {@link Shelf}. Owned
 * by the home; bounded by the shelf's room.
 */
final class Receiving {
    private static final Logger LOG = LoggerFactory.getLogger(Receiving.class);
    private static final long BACKOFF_MIN = 100;
    private static final long BACKOFF_MAX = 5_000;
    private static final long OLD_MICROS = TimeUnit.DAYS.toMicros(7);
    private static final long OLD_TOLD_NANOS = TimeUnit.HOURS.toNanos(1);

    private final ContextInternal home;
    private QueueNames names;
    private final SqsSettings settings;
    private final Ticker ticker;
    private final Shelf shelf;
    private final Loads loads;
    private final Endings endings;
    private final Burials burials;
    private final String namespace;
    private final Map<Integer, Demand> demands = new HashMap<>();
    private final List<Poller> pollers = new ArrayList<>();
    /** Of a FIFO queue's groups: what is not on the shelf's lists yet, since it or one before it waits for its payload. */
    private final Map<String, ArrayDeque<Held>> arriving = new HashMap<>();

    private long arrivals;
    private long timer = -1;
    private long timerMicros = Long.MAX_VALUE;
    private long oldTold = System.nanoTime() - OLD_TOLD_NANOS;
    private boolean closed;

    private record Demand(int max, long bytesMax, Promise<List<Delivery>> promise) {}

    Receiving(
            ContextInternal home,
            QueueNames names,
            SqsSettings settings,
            Ticker ticker,
            Shelf shelf,
            Loads loads,
            Endings endings,
            Burials burials,
            String namespace) {
        this.home = home;
        this.names = names;
        this.settings = settings;
        this.ticker = ticker;
        this.shelf = shelf;
        this.loads = loads;
        this.endings = endings;
        this.burials = burials;
        this.namespace = namespace;
    }

    void update(QueueNames next) {
        names = next;
    }

    void open(List<Line> lines) {
        lines.forEach(line -> pollers.add(new Poller(line)));
        look();
    }

    Future<List<Delivery>> take(int route, int max, long bytesMax) {
        Promise<List<Delivery>> promise = home.promise();
        Demand before = demands.put(route, new Demand(max, bytesMax, promise));
        if (before != null) {
            before.promise().complete(List.of());
        }
        look();
        return promise.future();
    }

    boolean wanted(int route) {
        return demands.containsKey(route);
    }

    List<Delivery> takeParked(List<Slot> slots) {
        return deliveries(slots);
    }

    /** Ends takes that can be ended, polls where more is wanted. */
    void look() {
        if (closed) {
            return;
        }
        loads.look();
        arriving.values().removeIf(this::shelved);
        long now = ticker.micros();
        shelf.ripen(now);
        for (Integer route : List.copyOf(demands.keySet())) {
            Demand demand = demands.get(route);
            if (demand != null && !shelf.readyOf(route).isEmpty()) {
                demands.remove(route);
                demand.promise().complete(deliveries(shelf.take(route, demand.max(), demand.bytesMax())));
            }
        }
        wakeAt(shelf.nextDue(), now);
        if (!demands.isEmpty()) {
            pollers.forEach(Poller::look);
        }
    }

    private List<Delivery> deliveries(List<Slot> slots) {
        List<Delivery> deliveries = new ArrayList<>(slots.size());
        for (Slot slot : slots) {
            deliveries.add(slot.delivery(slot.held.line.name));
        }
        return deliveries;
    }

    private void wakeAt(long micros, long now) {
        if (micros >= timerMicros) {
            return;
        }
        home.owner().cancelTimer(timer);
        timerMicros = micros;
        timer = home.setTimer(Math.min(60_000, Math.max(1, (micros - now + 999) / 1_000)), fired -> {
            timerMicros = Long.MAX_VALUE;
            look();
        });
    }

    /** Takes end empty; what is being received is given back. */
    void close() {
        closed = true;
        home.owner().cancelTimer(timer);
        demands.values().forEach(demand -> demand.promise().complete(List.of()));
        demands.clear();
    }

    // ---- messages

    private void accept(Line line, Message message) {
        int receives = number(message, MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT);
        long visible = System.nanoTime() + settings.visibility().toNanos();
        Held known = shelf.find(line, message.messageId());
        if (known != null) {
            known.receipt = message.receiptHandle();
            known.receives = receives;
            known.visibleNanos = visible;
            if (known.leaving) {
                line.remove(message.receiptHandle());
            }
            return;
        }
        Parcel parcel;
        try {
            parcel = byOurClock(line, message, ParcelCodec.decode(namespace, message));
        } catch (WalException e) {
            burials.foreign(line, message, e);
            return;
        }
        Held held = new Held(
                line,
                message.messageId(),
                message.receiptHandle(),
                parcel,
                ParcelCodec.attribute(message, ParcelCodec.BLOB),
                ParcelCodec.blobBytes(message),
                receives,
                SendTable.sequence(message.attributes().get(MessageSystemAttributeName.SEQUENCE_NUMBER)),
                arrivals++,
                message.body().length() + 1_024,
                visible);
        shelf.add(held);
        if (receives > settings.poisonReceives()) {
            endings.poison(held);
            return;
        }
        long now = ticker.micros();
        tellOld(parcel, now);
        if (endings.delays().near(parcel.dueMicros(), now)) {
            arrive(held);
        } else {
            endings.later(held, now);
        }
    }

    /** What was due as it was taken in is due, whoever's clock is ahead. */
    private Parcel byOurClock(Line line, Message message, Parcel parcel) {
        long ahead = parcel.waits() ? line.aheadMicros(message) : Math.min(0, ticker.micros() - parcel.dueMicros());
        return ahead == 0 ? parcel : parcel.byClockAhead(ahead);
    }

    private void arrive(Held held) {
        if (held.line.fifo) {
            arriving.computeIfAbsent(
                            held.line.name + '/' + Spread.group(held.parcel().entry()), none -> new ArrayDeque<>())
                    .add(held);
        }
        load(held);
    }

    private void load(Held held) {
        loads.load(held)
                .onComplete(
                        loaded -> {
                            held.arrived = true;
                            if (!held.line.fifo) {
                                held.slots.forEach(shelf::waits);
                            }
                            look();
                        },
                        failure -> endings.unreadable(held, WalException.of(failure), () -> load(held)));
    }

    /** In order, up to the first that has no payload yet. Answers whether that is all. */
    private boolean shelved(ArrayDeque<Held> group) {
        for (Held head = group.peek(); head != null; head = group.peek()) {
            boolean stays = shelf.has(head) && !head.leaving;
            if (stays && !head.arrived) {
                return false;
            }
            group.remove();
            if (stays) {
                head.slots.forEach(shelf::waits);
            }
        }
        return true;
    }

    private void tellOld(Parcel parcel, long now) {
        long nanos = System.nanoTime();
        if (now - parcel.dueMicros() > OLD_MICROS && nanos - oldTold > OLD_TOLD_NANOS) {
            oldTold = nanos;
            LOG.atError()
                    .addKeyValue(LogKeys.NAMESPACE, namespace)
                    .addKeyValue(LogKeys.ENTRY_ID, parcel.entry().id())
                    .log("Overdue for more than 7 days: SQS deletes what it has kept for 14");
        }
    }

    private static int number(Message message, MessageSystemAttributeName name) {
        String value = message.attributes().get(name);
        return value == null ? 1 : Integer.parseInt(value);
    }

    /** The polls of one queue. */
    private final class Poller {
        private final Line line;
        private int target = 1;
        private int out;
        private long backoff;
        private boolean resting;

        Poller(Line line) {
            this.line = line;
        }

        void look() {
            while (!closed && !resting && out < target && shelf.room() >= Line.RECEIVE_MOST * (outAll() + 1)) {
                out++;
                int asked = Math.min(Line.RECEIVE_MOST, names.pollMessages());
                line.receive(asked, names.pollSeconds(), (int)
                                settings.visibility().toSeconds())
                        .onComplete(messages -> came(messages, asked), this::failed);
            }
        }

        private int most() {
            return (names.pollMessages() + Line.RECEIVE_MOST - 1) / Line.RECEIVE_MOST;
        }

        private void came(List<Message> messages, int asked) {
            out--;
            backoff = 0;
            if (closed) {
                messages.forEach(each -> line.hide(each.receiptHandle(), 0));
                return;
            }
            target = messages.size() >= asked ? Math.min(most(), target * 2) : messages.isEmpty() ? 1 : target;
            messages.forEach(each -> accept(line, each));
            Receiving.this.look();
        }

        private void failed(Throwable failure) {
            out--;
            target = 1;
            if (!resting && !closed) {
                resting = true;
                backoff = Math.min(BACKOFF_MAX, Math.max(BACKOFF_MIN, backoff * 2));
                home.setTimer(backoff, again -> {
                    resting = false;
                    Receiving.this.look();
                });
            }
        }
    }

    private int outAll() {
        int out = 0;
        for (Poller each : pollers) {
            out += each.out;
        }
        return out;
    }
}
