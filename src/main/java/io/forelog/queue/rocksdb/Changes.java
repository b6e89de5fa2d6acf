package io.forelog.queue.rocksdb;

import io.forelog.model.Entry;
import io.forelog.queue.RouteChange;
import io.forelog.queue.RouteChange.Result;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cancel, reschedule, redrive and purge: compare and set on the committer thread. A worker has located the entry before; where
 * its obligations lie now is looked up here, after any commit that moved them.
 */
final class Changes {
    private Changes() {}

    static List<RouteChange> cancel(Committer committer, Backlog backlog, Finder.Located located) {
        List<RouteChange> changes = new ArrayList<>();
        for (int id : located.entry().routes()) {
            RouteBacklog route = backlog.route(id);
            Place place = open(committer, backlog, route, located);
            if (place != null) {
                int bytes = size(committer, backlog, route, place);
                backlog.cancel(route, place, located.entry().id(), located.sequence(), bytes, committer.commit());
            }
            changes.add(new RouteChange(id, place == null ? Result.TOO_LATE : Result.DONE));
        }
        committer.commit().promise();
        return changes;
    }

    static List<RouteChange> reschedule(Committer committer, Backlog backlog, Finder.Located located, long dueMicros) {
        long due = Math.max(dueMicros, committer.commit().micros());
        List<RouteChange> changes = new ArrayList<>();
        for (int id : located.entry().routes()) {
            RouteBacklog route = backlog.route(id);
            Place place = open(committer, backlog, route, located);
            if (place != null) {
                Obligations.Stored stored = stored(committer, backlog, route, place, located.entry());
                move(TrailEvent.Kind.RESCHEDULED, committer, backlog, route, place, stored, due);
            }
            changes.add(new RouteChange(id, place == null ? Result.TOO_LATE : Result.DONE));
        }
        committer.commit().promise();
        return changes;
    }

    /** Where it lies, unclaimed and pending; null = too late. */
    private static @Nullable Place open(
            Committer committer, Backlog backlog, RouteBacklog route, Finder.Located located) {
        byte[] known = committer
                .database()
                .get(Family.IDS, Keys.id(backlog.number, located.entry().id(), route.id, located.sequence()));
        long sequence = located.sequence();
        if (known == null) {
            boolean inLog = !located.scheduled()
                    && sequence < backlog.nextSequence()
                    && !route.settled.contains(sequence)
                    && !route.isClaimedInLog(sequence);
            return inLog ? Place.log(sequence) : null;
        }
        Place place = Place.decode(known);
        return place.kind() == Place.Kind.DEAD || backlog.isClaimed(route, place, sequence) ? null : place;
    }

    private static int size(Committer committer, Backlog backlog, RouteBacklog route, Place place) {
        byte[] value = place.kind() == Place.Kind.LOG
                ? null
                : committer.database().get(place.family(), place.key(backlog.number, route.id));
        return value == null ? 0 : value.length;
    }

    private static Obligations.Stored stored(
            Committer committer, Backlog backlog, RouteBacklog route, Place place, Entry entry) {
        byte[] value = place.kind() == Place.Kind.LOG
                ? null
                : committer.database().get(place.family(), place.key(backlog.number, route.id));
        return value == null
                ? new Obligations.Stored(entry, 0, null, null, 0, 0, 0)
                : Obligations.decode(backlog.name, value);
    }

    private static void move(
            TrailEvent.Kind kind,
            Committer committer,
            Backlog backlog,
            RouteBacklog route,
            Place place,
            Obligations.Stored stored,
            long due) {
        byte[] value = Obligations.encode(
                stored.entry(), stored.attempts(), stored.first(), stored.last(), stored.redrives(), 0, 0);
        Timer timer = new Timer(
                due,
                place.sequence(),
                stored.entry(),
                stored.attempts(),
                stored.first(),
                stored.last(),
                stored.redrives(),
                value.length);
        backlog.reschedule(kind, route, place, timer, value, stored.storedBytes(), committer.commit());
    }

    static int redrive(Committer committer, Backlog backlog, List<String> ids) {
        int done = 0;
        for (String id : ids) {
            DeadLetters.Named named = DeadLetters.parse(id);
            Obligations.Stored stored = named == null ? null : dead(committer, backlog, named);
            if (named != null && stored != null) {
                Obligations.Stored anew = new Obligations.Stored(
                        stored.entry(), 0, null, null, stored.redrives() + 1, 0, stored.storedBytes());
                long due = committer.commit().micros();
                RouteBacklog route = backlog.route(named.route());
                move(TrailEvent.Kind.REDRIVEN, committer, backlog, route, named.place(), anew, due);
                done++;
            }
        }
        committer.commit().promise();
        return done;
    }

    static int purge(Committer committer, Backlog backlog, List<String> ids) {
        int done = 0;
        for (String id : ids) {
            DeadLetters.Named named = DeadLetters.parse(id);
            Obligations.Stored stored = named == null ? null : dead(committer, backlog, named);
            if (named != null && stored != null) {
                RouteBacklog route = backlog.route(named.route());
                backlog.purge(route, named.place(), stored.entry().id(), stored.storedBytes(), committer.commit());
                done++;
            }
        }
        committer.commit().promise();
        return done;
    }

    /** Null where it is not (or no longer) there; one named twice is there once. */
    private static Obligations.@Nullable Stored dead(Committer committer, Backlog backlog, DeadLetters.Named named) {
        if (backlog.hasMoved(named.place().sequence(), named.route())) {
            return null;
        }
        byte[] value = committer.database().get(Family.DEAD, named.place().key(backlog.number, named.route()));
        return value == null ? null : Obligations.decode(backlog.name, value);
    }

    static boolean anyMoved(Backlog backlog, Finder.Located located) {
        for (int route : located.entry().routes()) {
            if (backlog.hasMoved(located.sequence(), route)) {
                return true;
            }
        }
        return false;
    }

    /** The ids name sequences that the filling commit has moved. */
    static boolean anyMoved(Backlog backlog, List<String> ids) {
        for (String id : ids) {
            DeadLetters.Named named = DeadLetters.parse(id);
            if (named != null && backlog.hasMoved(named.place().sequence(), named.route())) {
                return true;
            }
        }
        return false;
    }
}
