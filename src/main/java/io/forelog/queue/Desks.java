package io.forelog.queue;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.EntryStatus.RouteStatus;
import io.forelog.queue.Tally.RouteTally;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What is asked of several queues and answered as one: lookups, dead letters, books. Any context; holds nothing. */
final class Desks {
    private final List<Part> parts;

    Desks(List<Part> parts) {
        this.parts = parts;
    }

    @Nullable
    Part part(int id) {
        for (Part part : parts) {
            if (part.id() == id) {
                return part;
            }
        }
        return null;
    }

    private boolean any(Predicate<Capabilities> can) {
        return parts.stream().anyMatch(part -> can.test(part.queue().capabilities()));
    }

    /** What a caller can rely on; what only some parts can is answered where they hold the entry. */
    Capabilities capabilities(Part immediate, Part delayed, Part retry) {
        Capabilities now = immediate.queue().capabilities();
        Capabilities then = delayed.queue().capabilities();
        Capabilities again = retry.queue().capabilities();
        Duration longest = then.longestDelay();
        return new Capabilities(
                longest,
                any(Capabilities::cancel),
                any(Capabilities::rangeRead),
                any(Capabilities::find),
                now.order() && then.order() && again.order(),
                then.delayWithOrder(),
                now.dedupe() && then.dedupe(),
                parts.stream().allMatch(part -> part.queue().capabilities().exactTally()),
                Math.min(now.largestEntryBytes(), Math.min(then.largestEntryBytes(), again.largestEntryBytes())));
    }

    // ---- single entries

    Future<Optional<EntryStatus>> find(Function<Queue, Future<Optional<EntryStatus>>> ask) {
        List<Future<Optional<EntryStatus>>> asked = new ArrayList<>();
        for (Part part : parts) {
            if (part.queue().capabilities().find()) {
                asked.add(ask.apply(part.queue()));
            }
        }
        return Future.join(asked).compose(done -> {
            Optional<EntryStatus> found =
                    asked.stream().flatMap(one -> one.result().stream()).reduce(Desks::joined);
            return found.isEmpty() && asked.size() < parts.size()
                    ? Future.failedFuture(unsupported("look up an entry", Capabilities::find))
                    : Future.succeededFuture(found);
        });
    }

    /** The older one knows the whole entry; of a route that it handed on, the other one knows more. */
    private static EntryStatus joined(EntryStatus first, EntryStatus second) {
        Map<Integer, RouteStatus> routes = new TreeMap<>();
        first.routes().forEach(each -> routes.put(each.route(), each));
        BinaryOperator<RouteStatus> newer = (a, b) -> a.state() == EntryStatus.State.MOVED ? b : a;
        second.routes().forEach(each -> routes.merge(each.route(), each, newer));
        EntryStatus whole = first.routes().size() >= second.routes().size() ? first : second;
        return new EntryStatus(whole.entry(), whole.receipt(), List.copyOf(routes.values()));
    }

    /** In every part that can; of one route the best answer: done in one is done. */
    Future<List<RouteChange>> change(Function<Queue, Future<List<RouteChange>>> ask) {
        List<Future<List<RouteChange>>> asked = new ArrayList<>();
        for (Part part : parts) {
            if (part.queue().capabilities().cancel()) {
                asked.add(ask.apply(part.queue()));
            }
        }
        return Future.join(asked).compose(done -> {
            Map<Integer, RouteChange> changes = new TreeMap<>();
            BinaryOperator<RouteChange> better = (a, b) -> a.result().compareTo(b.result()) <= 0 ? a : b;
            asked.forEach(one -> one.result().forEach(each -> changes.merge(each.route(), each, better)));
            return changes.isEmpty() && asked.size() < parts.size()
                    ? Future.failedFuture(unsupported("cancel or reschedule", Capabilities::cancel))
                    : Future.succeededFuture(List.copyOf(changes.values()));
        });
    }

    private WalException unsupported(String what, Predicate<Capabilities> can) {
        TreeSet<String> able = new TreeSet<>();
        TreeSet<String> unable = new TreeSet<>();
        parts.forEach(part -> (can.test(part.queue().capabilities()) ? able : unable).add(part.type()));
        return new WalException(
                ErrorCode.NOT_SUPPORTED,
                "queues of type " + unable + " can't " + what
                        + (able.isEmpty() ? " (expected: an EMBEDDED queue)" : ", and " + able + " does not know it"));
    }

    // ---- lanes

    Future<List<ParkedKey>> parked(int route, int max) {
        List<Future<List<ParkedKey>>> asked =
                parts.stream().map(part -> part.queue().parked(route, max)).toList();
        return Future.join(asked).map(done -> {
            List<ParkedKey> keys = new ArrayList<>();
            asked.forEach(one -> keys.addAll(one.result()));
            return keys.size() > max ? keys.subList(0, max) : keys;
        });
    }

    /** Of the oldest part that has any: with order it is the only one. */
    Future<List<Delivery>> takeParked(int route, Buffer key, int max) {
        return takeParked(0, route, key, max);
    }

    private Future<List<Delivery>> takeParked(int at, int route, Buffer key, int max) {
        if (at >= parts.size()) {
            return Future.succeededFuture(List.of());
        }
        Part part = parts.get(at);
        return part.queue()
                .takeParked(route, key, max)
                .compose(taken -> taken.isEmpty()
                        ? takeParked(at + 1, route, key, max)
                        : Future.succeededFuture(taken.stream()
                                .map(one -> Origin.wrap(part, one))
                                .toList()));
    }

    // ---- dead letters

    static DeadLetter named(Part part, DeadLetter own) {
        return new DeadLetter(
                part.named(own.id()),
                own.entry(),
                own.route(),
                own.attempts(),
                own.firstFailure(),
                own.cause(),
                own.diedMicros(),
                own.redrives());
    }

    private @Nullable Part holder(String id) {
        for (Part part : parts) {
            if (id.startsWith(part.named(""))) {
                return part;
            }
        }
        return null;
    }

    Future<Optional<DeadLetter>> deadLetter(String id) {
        Part part = holder(id);
        return part == null
                ? Future.succeededFuture(Optional.empty())
                : part.queue()
                        .deadLetter(id.substring(part.named("").length()))
                        .map(found -> found.map(letter -> named(part, letter)));
    }

    /** Something that is done to dead letters. */
    @FunctionalInterface
    interface Act {
        Future<Integer> on(Queue queue, List<String> ids);
    }

    Future<Integer> each(List<String> ids, Act act) {
        List<Future<Integer>> done = new ArrayList<>();
        for (Part part : parts) {
            String prefix = part.named("");
            List<String> own = ids.stream()
                    .filter(id -> id.startsWith(prefix))
                    .map(id -> id.substring(prefix.length()))
                    .toList();
            if (!own.isEmpty()) {
                done.add(act.on(part.queue(), own));
            }
        }
        return Future.join(done)
                .map(all -> done.stream().mapToInt(Future::result).sum());
    }

    // ---- state

    Future<Tally> tally() {
        List<Future<Tally>> asked =
                parts.stream().map(part -> part.queue().tally()).toList();
        return Future.join(asked).map(done -> {
            Map<Integer, RouteTally> routes = new TreeMap<>();
            long entries = 0;
            long lostWaiting = 0;
            boolean exact = true;
            for (Future<Tally> one : asked) {
                entries += one.result().entries();
                lostWaiting += one.result().lostWaiting();
                exact &= one.result().exact();
                one.result().routes().forEach(each -> routes.merge(each.route(), each, RouteTally::plus));
            }
            return new Tally(entries, List.copyOf(routes.values()), exact, 0, lostWaiting);
        });
    }

    QueueDepth depth(int route) {
        QueueDepth sum = QueueDepth.EMPTY;
        for (Part part : parts) {
            sum = sum.plus(part.queue().depth(route));
        }
        return sum;
    }
}
