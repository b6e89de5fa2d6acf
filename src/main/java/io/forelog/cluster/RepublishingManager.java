package io.forelog.cluster;

import io.vertx.core.Completable;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.ext.cluster.infinispan.InfinispanClusterManager;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.infinispan.commons.IllegalLifecycleStateException;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachemanagerlistener.annotation.Merged;
import org.infinispan.notifications.cachemanagerlistener.annotation.ViewChanged;
import org.infinispan.notifications.cachemanagerlistener.event.ViewChangedEvent;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says again what this node serves and where it is reached whenever the membership changes. When two halves of a cluster find each
 * other again, one half's registrations win and the other's are lost; and while they were apart, each half has removed those of
 * the other. The base class leaves it at that, and nobody would find this node's services any more. Any thread.
 */
final class RepublishingManager extends InfinispanClusterManager {
    private static final Logger LOG = LoggerFactory.getLogger(RepublishingManager.class);

    /** After the membership changed: at once, when the new members have cleaned up, and when the caches have certainly settled. */
    private static final long[] AFTER_MILLIS = {10, 2_000, 10_000};

    private static final long PATIENCE_MILLIS = 1_000;
    private static final long AGAIN_MILLIS = 1_000;

    private final DefaultCacheManager caches;
    private final Map<String, Set<RegistrationInfo>> own = new ConcurrentHashMap<>();
    private volatile @Nullable Vertx vertx;
    private volatile @Nullable NodeInfo self;

    /** Owns {@code caches}, which are started: they stop when it leaves. */
    RepublishingManager(DefaultCacheManager caches) {
        super(caches);
        this.caches = caches;
    }

    @Override
    public void init(Vertx instance) {
        vertx = instance;
        super.init(instance);
    }

    @Override
    public void setNodeInfo(NodeInfo info, Completable<Void> done) {
        self = info;
        super.setNodeInfo(info, done);
    }

    @Override
    public void addRegistration(String address, RegistrationInfo registration, Completable<Void> done) {
        if (!registration.localOnly()) {
            own.computeIfAbsent(address, first -> ConcurrentHashMap.newKeySet()).add(registration);
        }
        say(address, registration, patient(done));
    }

    /** Until it is known, or no longer true. */
    private void say(String address, RegistrationInfo registration, Completable<Void> done) {
        super.addRegistration(address, registration, (nothing, failure) -> {
            done.complete(nothing, null);
            if (failure != null && isActive()) {
                timers().setTimer(AGAIN_MILLIS, timer -> {
                    if (owns(address, registration)) {
                        say(address, registration, Promise.promise());
                    }
                });
            }
        });
    }

    @Override
    public void removeRegistration(String address, RegistrationInfo registration, Completable<Void> done) {
        own.computeIfPresent(address, (same, all) -> {
            all.remove(registration);
            return all.isEmpty() ? null : all;
        });
        Completable<Void> soon = patient(done);
        super.removeRegistration(address, registration, (nothing, failure) -> {
            soon.complete(nothing, null);
            if (owns(address, registration)) {
                say(address, registration, Promise.promise()); // it came again, and the late removal took it
            }
        });
    }

    private boolean owns(String address, RegistrationInfo registration) {
        return own.getOrDefault(address, Set.of()).contains(registration);
    }

    /**
     * What this node serves, it serves whoever else knows of it: a cluster that finds itself again can be silent for half a minute,
     * and no change of a namespace waits for that. {@code done} is told once, with success.
     */
    private Completable<Void> patient(Completable<Void> done) {
        AtomicBoolean told = new AtomicBoolean();
        Completable<Void> once = (nothing, failure) -> {
            if (told.compareAndSet(false, true)) {
                done.complete(nothing, null);
            }
        };
        timers().setTimer(PATIENCE_MILLIS, timer -> once.complete(null, null));
        return once;
    }

    private Vertx timers() {
        return Objects.requireNonNull(vertx, "initialised before it joins");
    }

    @Override
    public void join(Completable<Void> joined) {
        super.join((nothing, failure) -> {
            if (failure == null) {
                caches.addListener(new Views(this));
            }
            joined.complete(nothing, failure);
        });
    }

    @Override
    public void leave(Completable<Void> left) {
        Vertx blocking = Objects.requireNonNull(vertx, "initialised before it leaves");
        // What is under way in the base class meets caches that stop, and nobody catches it.
        blocking.exceptionHandler(failure -> {
            if (failure instanceof IllegalLifecycleStateException) {
                LOG.atDebug().setCause(failure).log("Too late for the cluster, which this node has left");
            } else {
                LOG.atError().setCause(failure).log("Unhandled, while the cluster is left");
            }
        });
        super.leave((nothing, failure) -> blocking.<Void>executeBlocking(() -> {
                    caches.stop();
                    return null;
                })
                .onComplete(stopped -> left.complete(nothing, failure == null ? stopped.cause() : failure)));
    }

    /** Told of every view, on Infinispan's threads. */
    @Listener(sync = false)
    public static final class Views {
        private final RepublishingManager manager;

        private Views(RepublishingManager manager) {
            this.manager = manager;
        }

        @ViewChanged
        @Merged
        public void changed(ViewChangedEvent event) {
            manager.changed();
        }
    }

    private void changed() {
        for (long millis : AFTER_MILLIS) {
            timers().setTimer(millis, timer -> sayAgain());
        }
    }

    private void sayAgain() {
        if (!isActive()) {
            return;
        }
        NodeInfo info = self;
        if (info != null) {
            super.setNodeInfo(info, Promise.promise());
        }
        own.forEach((address, registrations) ->
                registrations.forEach(registration -> super.addRegistration(address, registration, Promise.promise())));
    }
}
