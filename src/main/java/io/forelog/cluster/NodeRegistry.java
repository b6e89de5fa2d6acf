package io.forelog.cluster;

import io.forelog.database.Database;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The table {@code node}: this node's row, written every second by the database's clock, and everybody's as it was last read. A
 * name belongs to the process that took it last; another that still lives with it learns so and says it. The list is read by any
 * thread; without the database it grows old.
 */
public final class NodeRegistry {
    private static final Logger LOG = LoggerFactory.getLogger(NodeRegistry.class);
    private static final long PERIOD_MILLIS = 1_000;
    /** What a server that is a standby calls an attempt to write. */
    private static final String READ_ONLY = "25006";

    private static final String ENTER = "INSERT INTO node (name, incarnation, host, ports, roles, shard, stack, region,"
            + " version, state, applied) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (name) DO UPDATE SET"
            + " incarnation = excluded.incarnation, host = excluded.host, ports = excluded.ports, roles = excluded.roles,"
            + " shard = excluded.shard, stack = excluded.stack, region = excluded.region, version = excluded.version,"
            + " state = excluded.state, applied = node.applied || excluded.applied, started_at = clock_timestamp(), seen_at = clock_timestamp()";
    private static final String BEAT =
            "UPDATE node SET state = $3, ports = $4, applied = CASE WHEN $3 = 'STARTING' THEN applied || $5 ELSE $5 END,"
                    + " seen_at = clock_timestamp()"
                    + " WHERE name = $1 AND incarnation = $2";
    private static final String WHOSE = "SELECT incarnation FROM node WHERE name = $1";
    private static final String ALL =
            "SELECT name, host, ports, roles, shard, stack, region, version, state, draining, applied,"
                    + " (extract(epoch FROM started_at) * 1000000)::bigint AS started,"
                    + " extract(epoch FROM clock_timestamp() - seen_at)::float8 AS silent FROM node ORDER BY name";
    private static final String DRAIN = "UPDATE node SET draining = $2 WHERE name = $1";

    private final Vertx vertx;
    private final Database database;
    private final UUID incarnation = UUID.randomUUID();
    private final Supplier<Member> self;
    private final Runnable heard;
    private volatile List<Member> members = List.of();
    private volatile List<Member> aside = List.of();
    private volatile boolean readOnly;
    private volatile boolean superseded;
    private boolean entered;
    private boolean beating;
    private @Nullable Long timer;

    /** {@code self}: this node as it is now. {@code heard} is called after each reading of the list, on the caller's context. */
    public NodeRegistry(Vertx vertx, Database database, Supplier<Member> self, Runnable heard) {
        this.vertx = vertx;
        this.database = database;
        this.self = self;
        this.heard = heard;
    }

    /** From now on, on this context. Never fails: without the database it is tried again. */
    public Future<Void> start() {
        timer = vertx.setPeriodic(PERIOD_MILLIS, id -> beat());
        return beat();
    }

    /** As they were last heard of, by name; with this node, once it has entered. */
    public List<Member> members() {
        return members;
    }

    public Optional<Member> find(String name) {
        return members.stream().filter(member -> member.name().equals(name)).findFirst();
    }

    /** The same, for people: also where this node is on no list, since its way leads to a standby. */
    public List<Member> listed() {
        return readOnly ? aside : members;
    }

    /** Its way leads to a standby, or to what else nobody writes to: this node can't enter, or tell of itself. */
    public boolean isReadOnly() {
        return readOnly;
    }

    /** Another process has taken this node's name. */
    public boolean isSuperseded() {
        return superseded;
    }

    private Future<Void> beat() {
        if (beating) {
            return Future.succeededFuture();
        }
        beating = true;
        Member now = self.get();
        return (entered ? tell(now) : enter(now))
                .compose(told -> read())
                .<Void>map(read -> {
                    readOnly = false;
                    tell(members, read);
                    members = read;
                    heard.run();
                    return null;
                })
                .recover(failure -> refusesWrites(failure) ? lookAside() : Future.failedFuture(failure))
                .recover(failure -> {
                    LOG.atDebug().setCause(failure).log("The node registry is away");
                    return Future.succeededFuture();
                })
                .onComplete(done -> beating = false);
    }

    private Future<List<Member>> read() {
        return database.query(ALL, Tuple.tuple()).map(rows -> {
            List<Member> read = new ArrayList<>();
            rows.forEach(row -> read.add(member(row)));
            return List.copyOf(read);
        });
    }

    /** Nobody goes by what a standby says, which may be late: it is shown. */
    private Future<Void> lookAside() {
        readOnly = true;
        return read().map(read -> {
            aside = read;
            return null;
        });
    }

    private static boolean refusesWrites(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof PgException answer && READ_ONLY.equals(answer.getSqlState())) {
                return true;
            }
        }
        return false;
    }

    /** The members that came and went since. */
    private static void tell(List<Member> before, List<Member> now) {
        Set<String> lived = alive(before);
        Set<String> live = alive(now);
        live.stream()
                .filter(name -> !lived.contains(name))
                .forEach(name -> LOG.atInfo().addKeyValue(LogKeys.NODE, name).log("A node is there"));
        lived.stream()
                .filter(name -> !live.contains(name))
                .forEach(name -> LOG.atWarn().addKeyValue(LogKeys.NODE, name).log("A node is gone"));
    }

    private static Set<String> alive(List<Member> members) {
        return members.stream().filter(Member::isAlive).map(Member::name).collect(Collectors.toSet());
    }

    private Future<Void> enter(Member now) {
        return database.query(
                        ENTER,
                        Tuple.of(
                                        now.name(),
                                        incarnation,
                                        now.host(),
                                        ports(now),
                                        new JsonArray(now.roles()),
                                        now.shard())
                                .addString(now.stack())
                                .addString(now.region())
                                .addString(now.version())
                                .addString(now.state())
                                .addJsonObject(applied(now)))
                .<Void>mapEmpty()
                .onSuccess(done -> entered = true);
    }

    private Future<Void> tell(Member now) {
        return database.query(BEAT, Tuple.of(now.name(), incarnation, now.state(), ports(now), applied(now)))
                .compose(rows -> rows.rowCount() == 0 ? lookForMine(now) : Future.succeededFuture());
    }

    /** It was forgotten while it was cut off, or the database is an older copy: it enters again. */
    private Future<Void> lookForMine(Member now) {
        return database.query(WHOSE, Tuple.of(now.name())).compose(rows -> {
            if (rows.size() == 0) {
                LOG.atWarn().addKeyValue(LogKeys.NODE, now.name()).log("This node was off the list: it enters again");
                superseded = false;
                return enter(now);
            }
            if (!superseded) {
                superseded = true;
                LOG.atError()
                        .addKeyValue(LogKeys.NODE, now.name())
                        .log("Another process has this node's name (expected: a name of its own for each)");
            }
            return Future.succeededFuture();
        });
    }

    private static JsonObject ports(Member now) {
        JsonObject ports = new JsonObject();
        now.ports().forEach(ports::put);
        return ports;
    }

    private static JsonObject applied(Member now) {
        JsonObject applied = new JsonObject();
        now.applied().forEach(applied::put);
        return applied;
    }

    private static Member member(Row row) {
        Map<String, Integer> ports = new LinkedHashMap<>();
        row.getJsonObject("ports").forEach(port -> ports.put(port.getKey(), ((Number) port.getValue()).intValue()));
        Map<String, Long> applied = new HashMap<>();
        row.getJsonObject("applied").forEach(one -> applied.put(one.getKey(), ((Number) one.getValue()).longValue()));
        List<String> roles = new ArrayList<>();
        row.getJsonArray("roles").forEach(role -> roles.add((String) role));
        return new Member(
                row.getString("name"),
                row.getString("host"),
                ports,
                roles,
                row.getString("shard"),
                row.getString("stack"),
                row.getString("region"),
                row.getString("version"),
                row.getString("state"),
                row.getBoolean("draining"),
                applied,
                row.getLong("started"),
                row.getDouble("silent"));
    }

    /** Asks a node to give away what it has, or takes that back. NOT_FOUND where there is none of that name. */
    public Future<Void> drain(String node, boolean wanted) {
        return database.query(DRAIN, Tuple.of(node, wanted)).map(rows -> {
            if (rows.rowCount() == 0) {
                throw unknown(node);
            }
            return null;
        });
    }

    /**
     * Takes a node that is lost, or stopped in good order, and owns nothing off the list; with {@code lostData} a lost one owns nothing
     * from now on. CONFLICT, and nothing done, where it may live, or owns something; NOT_FOUND.
     */
    public Future<Void> forget(String node, boolean lostData) {
        return new Forgetting(database).forget(node, lostData);
    }

    static WalException unknown(String node) {
        return new WalException(ErrorCode.NOT_FOUND, "node " + node + " is unknown (see GET /admin/v1/cluster)");
    }

    /** Says that it goes, and tells no more. Ends with whether others may have heard it. Never fails. */
    public Future<Boolean> stop() {
        if (timer != null) {
            vertx.cancelTimer(timer);
        }
        Member now = self.get();
        return entered
                ? database.query(BEAT, Tuple.of(now.name(), incarnation, "STOPPED", ports(now), applied(now)))
                        .map(true)
                        .otherwise(failure -> !isRefused(failure))
                : Future.succeededFuture(false);
    }

    private static boolean isRefused(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConnectException) {
                return true;
            }
        }
        return false;
    }
}
