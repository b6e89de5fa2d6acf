package io.forelog.app;

import io.forelog.access.Credentials;
import io.forelog.access.Locks;
import io.forelog.access.NamespaceRights;
import io.forelog.access.TlsFiles;
import io.forelog.config.LocksConfig;
import io.forelog.config.LocksConfig.IdentitiesConfig;
import io.forelog.config.LocksConfig.TlsConfig;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
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
            credentials.load();
        }
        this.locks = identities == null || credentials == null
                ? new Locks(Locks.OPEN.identities(), NamespaceRights.open(), tls, config.connections())
                : new Locks(credentials, NamespaceRights.proved(identities.admins()), tls, config.connections());
    }

    Locks locks() {
        return locks;
    }

    /** From now on; {@code renewed} hands a changed certificate to the servers. */
    void watch(Vertx vertx, Supplier<Future<Void>> renewed) {
        if (tls != null || credentials != null) {
            vertx.setPeriodic(PERIOD_MILLIS, timer -> look(vertx, renewed));
        }
    }

    private void look(Vertx vertx, Supplier<Future<Void>> renewed) {
        if (looking) {
            return;
        }
        looking = true;
        vertx.executeBlocking(this::load)
                .compose(changed -> changed
                        ? renewed.get().onSuccess(done -> LOG.info("A new certificate is in use"))
                        : Future.succeededFuture())
                .onComplete(done -> {
                    looking = false;
                    tell(done.succeeded() ? "" : WalException.of(done.cause()).publicMessage());
                });
    }

    private boolean load() {
        if (credentials != null) {
            credentials.load();
        }
        return tls != null && tls.load();
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
