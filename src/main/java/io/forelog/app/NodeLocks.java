package io.forelog.app;

import io.forelog.access.Credentials;
import io.forelog.access.Locks;
import io.forelog.access.NamespaceRights;
import io.forelog.access.TlsFiles;
import io.forelog.config.LocksConfig;
import io.forelog.config.LocksConfig.IdentitiesConfig;
import io.forelog.config.LocksConfig.TlsConfig;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The locks of this node's ports, and their files, which it looks at again every {@value #PERIOD_MILLIS} ms: what can't be read or used
 * changes nothing and is told once.
 */
final class NodeLocks {
    private static final Logger LOG = LoggerFactory.getLogger(NodeLocks.class);
    private static final long PERIOD_MILLIS = 2_000;

    private final @Nullable TlsFiles tls;
    private final @Nullable Credentials credentials;
    private final Locks locks;
    private volatile String told = "";
    private boolean looking;
    /** Written by one look at a time. */
    private volatile boolean toHandOver;

    /** Reads the files: not on an event loop. Fails with INVALID_ARGUMENT. */
    NodeLocks(LocksConfig config, Ticker ticker) {
        TlsConfig files = config.tls();
        IdentitiesConfig identities = config.identities();
        this.tls = files == null ? null : new TlsFiles(files, identities == null ? List.of() : identities.nodes());
        this.credentials = identities == null ? null : new Credentials(identities, ticker);
        if (tls != null) {
            tls.load();
        }
        if (credentials != null) {
            loadFirst(credentials);
        }
        this.locks = identities == null || credentials == null
                ? new Locks(Locks.OPEN.identities(), NamespaceRights.open(), tls, config.connections())
                : new Locks(
                        credentials,
                        NamespaceRights.proved(identities.admins(), identities.scrapers()),
                        tls,
                        config.connections());
    }

    /** A server of keys that is away keeps no node from starting: whose tokens it has is refused until it answers. */
    private void loadFirst(Credentials first) {
        try {
            first.load();
        } catch (WalException e) {
            if (e.code() != ErrorCode.UNAVAILABLE) {
                throw e;
            }
            tell(e.publicMessage());
        }
    }

    Locks locks() {
        return locks;
    }

    /** From now on; {@code renewed} hands a changed certificate to the servers. */
    void watch(Vertx vertx, Supplier<Future<Void>> renewed) {
        if (tls != null || credentials != null) {
            vertx.setPeriodic(PERIOD_MILLIS, timer -> {
                if (!looking) {
                    looking = true;
                    look(vertx, renewed).onComplete(done -> looking = false);
                }
            });
        }
    }

    /** Never fails: what is wrong is the {@link #problem()} from then on. One at a time. */
    Future<Void> look(Vertx vertx, Supplier<Future<Void>> renewed) {
        return vertx.executeBlocking(this::load)
                .compose(problems -> handOver(renewed)
                        .otherwise(failure -> {
                            problems.add(WalException.of(failure).publicMessage());
                            return null;
                        })
                        .onSuccess(done -> tell(String.join("; ", problems))));
    }

    /** Each part by itself: what is wrong with one keeps no other from being read. */
    private List<String> load() {
        List<String> problems = new ArrayList<>();
        if (credentials != null) {
            attempt(credentials::load, problems);
        }
        if (tls != null) {
            TlsFiles files = tls;
            attempt(
                    () -> {
                        if (files.load()) {
                            toHandOver = true;
                        }
                    },
                    problems);
        }
        return problems;
    }

    private static void attempt(Runnable load, List<String> problems) {
        try {
            load.run();
        } catch (WalException e) {
            problems.add(e.publicMessage());
        }
    }

    /** Until it succeeds. */
    private Future<Void> handOver(Supplier<Future<Void>> renewed) {
        if (!toHandOver) {
            return Future.succeededFuture();
        }
        return renewed.get().onSuccess(done -> {
            toHandOver = false;
            LOG.info("A new certificate is in use");
        });
    }

    private void tell(String problem) {
        if (!problem.equals(told)) {
            told = problem;
            if (!problem.isEmpty()) {
                LOG.atError()
                        .addKeyValue(LogKeys.REASON, problem)
                        .log("New keys or certificates can't be used; the ones before stay");
            }
        }
    }

    /** What is wrong with the files now; empty = nothing. */
    String problem() {
        return told;
    }
}
