package io.forelog.config.postgres;

import io.forelog.config.ConfigStore;
import io.forelog.config.StoredDocument;
import io.forelog.config.StoredDocument.Action;
import io.forelog.database.Database;
import io.forelog.database.Listener;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Documents in the tables {@code namespace_revision}, {@code route_number} and {@code config_change}. Every change counts
 * {@code config_change} up in its transaction, which also puts changes in a row; a look every {@code poll} asks for that number
 * alone, and a NOTIFY brings it sooner where the server is no standby. What was read last is kept in a file: without the
 * database that is what is wanted, and nothing can be changed. Its own context owns the state; any may call.
 */
public final class PostgresStore implements ConfigStore {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresStore.class);
    private static final String CHANNEL = "forelog_config";

    private static final String SEQUENCE = "SELECT sequence FROM config_change";
    private static final String NEXT = "UPDATE config_change SET sequence = sequence + 1";
    private static final String COLUMNS = "namespace, revision, (extract(epoch FROM at) * 1000000)::bigint AS micros,"
            + " author, comment, action, document";
    private static final String LATEST =
            "SELECT DISTINCT ON (namespace) " + COLUMNS + " FROM namespace_revision ORDER BY namespace, revision DESC";
    private static final String LATEST_OF =
            "SELECT " + COLUMNS + " FROM namespace_revision WHERE namespace = $1 ORDER BY revision DESC LIMIT $2";
    private static final String ONE =
            "SELECT " + COLUMNS + " FROM namespace_revision WHERE namespace = $1 AND revision = $2";
    private static final String INSERT = "INSERT INTO namespace_revision"
            + " (namespace, revision, author, comment, action, document) VALUES ($1, $2, $3, $4, $5, $6) RETURNING "
            + COLUMNS;
    private static final String NUMBER_ANEW =
            "UPDATE route_number SET target = target || '/' || $2 WHERE namespace = $1"
                    + " AND position('/' in target) = 0";
    private static final String NUMBERS = "SELECT namespace, target, id FROM route_number";
    private static final String NUMBER = "INSERT INTO route_number (namespace, target, id)"
            + " SELECT $1, $2, greatest(coalesce(max(id), 0) + 1, $3) FROM route_number WHERE namespace = $1"
            + " ON CONFLICT (namespace, target) DO NOTHING";
    private static final String TAKE_OVER =
            "INSERT INTO route_number (namespace, target, id) VALUES ($1, $2, $3)" + " ON CONFLICT DO NOTHING";
    private static final String NUMBERS_OF = NUMBERS + " WHERE namespace = $1";

    private final Vertx vertx;
    private final Context home;
    private final Database database;
    private final KeptSnapshot kept;
    private final long timer;
    private final Listener listener;
    private @Nullable Known known;
    /** What the watcher knows. */
    private @Nullable Snapshot told;

    private @Nullable Consumer<Snapshot> watcher;
    private Future<Known> reading = Future.failedFuture("never read");
    private boolean looking;
    private boolean lookAgain;
    private boolean closed;
    private volatile String away = "";

    /** What was read at one number of {@code config_change}. */
    private record Known(long sequence, Snapshot snapshot) {}

    private PostgresStore(Vertx vertx, Database database, KeptSnapshot kept, Duration poll) {
        this.vertx = vertx;
        this.home = vertx.getOrCreateContext();
        this.database = database;
        this.kept = kept;
        this.timer = vertx.setPeriodic(Math.max(1, poll.toMillis()), id -> home.runOnContext(go -> look()));
        this.listener = database.listen(CHANNEL, () -> home.runOnContext(go -> look()));
    }

    /** {@code file}: where what was read last is kept. {@code poll} at most a second, for nodes that can't be notified. */
    public static PostgresStore open(Vertx vertx, Database database, Path file, Duration poll) {
        return new PostgresStore(vertx, database, new KeptSnapshot(vertx, file), poll);
    }

    @Override
    public String away() {
        return away;
    }

    // ---- reading

    @Override
    public Future<Snapshot> load() {
        return onHome(() -> read().recover(failure -> {
                    lost(failure);
                    Known last = known;
                    return last != null ? Future.succeededFuture(last) : fromFile(failure);
                }))
                .map(Known::snapshot);
    }

    private Future<Known> fromFile(Throwable why) {
        return kept.load()
                .compose(found -> found.<Future<Known>>map(snapshot -> Future.succeededFuture(new Known(-1, snapshot)))
                        .orElseGet(() -> Future.failedFuture(why)))
                .onSuccess(last -> {
                    LOG.atWarn()
                            .addKeyValue(LogKeys.REASON, away)
                            .log("The config store is away: this node serves what it knew last");
                    known = known == null ? last : known;
                });
    }

    /** One after the other: of two side by side the older one could end last, and would stand until the next change. */
    private Future<Known> read() {
        Future<Known> next = reading.transform(before -> readNow());
        reading = next;
        return next;
    }

    /** Documents and numbers of one moment, and of no other. Known is what is kept: else nobody would keep it later. */
    private Future<Known> readNow() {
        return database.transaction(connection -> connection
                        .query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                        .execute()
                        .compose(set -> connection.query(SEQUENCE).execute())
                        .compose(rows -> {
                            long sequence = rows.iterator().next().getLong(0);
                            Known last = known;
                            return last != null && last.sequence() == sequence
                                    ? Future.succeededFuture(last)
                                    : readAll(connection, sequence);
                        }))
                .compose(now -> {
                    found();
                    Known before = known;
                    return before != null && before.sequence() == now.sequence()
                            ? Future.succeededFuture(now)
                            : kept.store(now.snapshot()).map(now);
                })
                .compose(now -> {
                    known = now;
                    return Future.succeededFuture(now);
                });
    }

    private static Future<Known> readAll(SqlConnection connection, long sequence) {
        return connection
                .query(LATEST)
                .execute()
                .compose(documents -> connection
                        .query(NUMBERS)
                        .execute()
                        .map(numbers -> new Known(sequence, snapshot(documents, numbers))));
    }

    private static Snapshot snapshot(RowSet<Row> rows, RowSet<Row> numbered) {
        Map<String, StoredDocument> documents = new TreeMap<>();
        TreeSet<String> removed = new TreeSet<>();
        TreeSet<String> discarded = new TreeSet<>();
        for (Row row : rows) {
            StoredDocument document = document(row);
            if (document.removes()) {
                removed.add(document.namespace());
                if (document.action() == Action.DISCARD) {
                    discarded.add(document.namespace());
                }
            } else {
                documents.put(document.namespace(), document);
            }
        }
        Map<String, Map<String, Integer>> numbers = new TreeMap<>();
        for (Row row : numbered) {
            numbers.computeIfAbsent(row.getString(0), made -> new TreeMap<>()).put(row.getString(1), row.getInteger(2));
        }
        return new Snapshot("", documents, removed, discarded, numbers);
    }

    private static StoredDocument document(Row row) {
        String namespace = row.getString("namespace");
        long revision = row.getLong("revision");
        return new StoredDocument(
                namespace,
                revision,
                row.getLong("micros"),
                row.getString("author"),
                row.getString("comment"),
                Action.valueOf(row.getString("action")),
                row.getString("document"),
                namespace + ", revision " + revision);
    }

    @Override
    public Future<List<StoredDocument>> history(String namespace, int limit) {
        return database.query(LATEST_OF, Tuple.of(namespace, limit)).map(rows -> {
            List<StoredDocument> documents = new ArrayList<>();
            rows.forEach(row -> documents.add(document(row)));
            return documents;
        });
    }

    // ---- watching

    @Override
    public void watch(Consumer<Snapshot> newWatcher) {
        Context context = vertx.getOrCreateContext();
        Consumer<Snapshot> telling = snapshot -> context.runOnContext(told -> newWatcher.accept(snapshot));
        home.runOnContext(go -> watcher = telling);
    }

    /** One look at a time; who asks meanwhile gets another. */
    private void look() {
        if (closed || looking) {
            lookAgain = looking;
            return;
        }
        looking = true;
        onHome(this::read).onComplete(done -> {
            looking = false;
            if (done.failed()) {
                lost(done.cause());
            } else {
                tell(done.result().snapshot());
            }
            if (lookAgain) {
                lookAgain = false;
                look();
            }
        });
    }

    private void tell(Snapshot now) {
        Consumer<Snapshot> listener = watcher;
        if (listener != null && !now.equals(told)) {
            told = now;
            listener.accept(now);
        }
    }

    private void lost(Throwable failure) {
        String why = String.valueOf(WalException.of(failure).getMessage());
        if (away.isEmpty() && !closed) {
            LOG.atError().addKeyValue(LogKeys.REASON, why).log("The config store is away; what was applied serves on");
        }
        away = why;
    }

    private void found() {
        if (!away.isEmpty()) {
            LOG.info("The config store is back");
            away = "";
        }
    }

    // ---- changing

    @Override
    public Future<StoredDocument> put(String namespace, String text, long expected, String author, String comment) {
        try {
            ConfigStore.checkName(namespace, text);
        } catch (WalException e) {
            return Future.failedFuture(e);
        }
        return change(namespace, expected, latest -> Future.succeededFuture(text), Action.PUT, author, comment);
    }

    @Override
    public Future<StoredDocument> remove(
            String namespace, long expected, boolean discard, String author, String comment) {
        return change(
                namespace,
                expected,
                last -> last.isEmpty() || (last.get().removes() && !discard)
                        ? Future.failedFuture(
                                new WalException(ErrorCode.NOT_FOUND, "namespace " + namespace + " has no document"))
                        : Future.succeededFuture(""),
                discard ? Action.DISCARD : Action.REMOVE,
                author,
                comment);
    }

    @Override
    public Future<StoredDocument> rollback(
            String namespace, long revision, long expected, String author, String comment) {
        return database.query(ONE, Tuple.of(namespace, revision)).compose(rows -> {
            for (Row row : rows) {
                StoredDocument then = document(row);
                if (then.removes()) {
                    throw new WalException(
                            ErrorCode.INVALID_ARGUMENT,
                            "revision: " + revision + " removed the namespace (expected: one with a document)");
                }
                return change(
                        namespace,
                        expected,
                        latest -> Future.succeededFuture(then.text()),
                        Action.ROLLBACK,
                        author,
                        comment);
            }
            throw new WalException(
                    ErrorCode.NOT_FOUND,
                    "revision " + revision + " of " + namespace + " is not kept (expected: one of its history)");
        });
    }

    private Future<StoredDocument> change(
            String namespace,
            long expected,
            Function<Optional<StoredDocument>, Future<String>> textAfter,
            Action action,
            String author,
            String comment) {
        return database.transaction(connection -> connection
                        .query(NEXT)
                        .execute()
                        .compose(counted -> connection.preparedQuery(LATEST_OF).execute(Tuple.of(namespace, 1)))
                        .compose(rows -> {
                            StoredDocument last = rows.size() == 0
                                    ? null
                                    : document(rows.iterator().next());
                            ConfigStore.expect(
                                    namespace, last == null || last.removes() ? 0 : last.revision(), expected);
                            long next = last == null ? 1 : last.revision() + 1;
                            return textAfter
                                    .apply(Optional.ofNullable(last))
                                    .compose(found -> connection
                                            .preparedQuery(INSERT)
                                            .execute(Tuple.of(namespace, next, author, comment, action.name(), found)));
                        })
                        .compose(rows -> connection
                                .query("NOTIFY " + CHANNEL)
                                .execute()
                                .map(told -> document(rows.iterator().next()))))
                .onComplete(done -> home.runOnContext(go -> look()));
    }

    @Override
    public Future<Void> numberAnew(String namespace) {
        return database.transaction(connection -> connection
                .query(NEXT)
                .execute()
                .compose(counted -> connection.preparedQuery(LATEST_OF).execute(Tuple.of(namespace, 1)))
                .compose(rows -> {
                    StoredDocument last =
                            rows.size() == 0 ? null : document(rows.iterator().next());
                    return last == null || !last.removes()
                            ? Future.<Void>succeededFuture()
                            : connection
                                    .preparedQuery(NUMBER_ANEW)
                                    .execute(Tuple.of(namespace, Long.toString(last.revision())))
                                    .mapEmpty();
                }));
    }

    @Override
    public boolean isShared() {
        return true;
    }

    @Override
    public Future<Map<String, Integer>> number(
            String namespace, Set<String> targets, Map<String, Integer> used, int least) {
        return database.transaction(connection -> {
                    Future<Void> numbering = connection.query(NEXT).execute().mapEmpty();
                    for (Map.Entry<String, Integer> mine : used.entrySet()) {
                        numbering = numbering.compose(done -> connection
                                .preparedQuery(TAKE_OVER)
                                .execute(Tuple.of(namespace, mine.getKey(), mine.getValue()))
                                .mapEmpty());
                    }
                    for (String target : targets) {
                        numbering = numbering.compose(done -> connection
                                .preparedQuery(NUMBER)
                                .execute(Tuple.of(namespace, target, least))
                                .mapEmpty());
                    }
                    return numbering.compose(
                            done -> connection.preparedQuery(NUMBERS_OF).execute(Tuple.of(namespace)));
                })
                .map(rows -> {
                    Map<String, Integer> numbers = new TreeMap<>();
                    rows.forEach(row -> numbers.put(row.getString(1), row.getInteger(2)));
                    return numbers;
                });
    }

    @Override
    public Future<Void> close() {
        return onHome(() -> {
            closed = true;
            vertx.cancelTimer(timer);
            watcher = null;
            listener.close();
            return Future.succeededFuture();
        });
    }

    /** Ends on the caller's context. */
    private <T> Future<T> onHome(Supplier<Future<T>> work) {
        Context caller = vertx.getOrCreateContext();
        Promise<T> promise = Promise.promise();
        home.runOnContext(go -> {
            Future<T> begun;
            try {
                begun = work.get();
            } catch (RuntimeException e) {
                begun = Future.failedFuture(e);
            }
            begun.onComplete(done -> caller.runOnContext(back -> promise.handle(done)));
        });
        return promise.future();
    }
}
