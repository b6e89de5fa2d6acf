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
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachemanagerlistener.annotation.Merged;
import org.infinispan.notifications.cachemanagerlistener.annotation.ViewChanged;
import org.infinispan.notifications.cachemanagerlistener.event.ViewChangedEvent;
import org.jspecify.annotations.Nullable;

/**
 * Says again what this node serves and where it is reached whenever the membership changes. When two halves of a cluster find each
 * other again, one half's registrations win and the other's are lost; and while they were apart, each half has removed those of
 * the other. The base class leaves it at that, and nobody would find this node's services any more. Any thread.
 */
final class RepublishingManager extends InfinispanClusterManager {
    /** After the membership changed: at once, when the new members have cleaned up, and when the caches have certainly settled. */
    private static final long[] AFTER_MILLIS = {10, 2_000, 10_000};

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
        super.addRegistration(address, registration, done);
    }

    @Override
    public void removeRegistration(String address, RegistrationInfo registration, Completable<Void> done) {
        own.computeIfPresent(address, (same, all) -> {
            all.remove(registration);
            return all.isEmpty() ? null : all;
        });
        super.removeRegistration(address, registration, done);
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
        Vertx timers = Objects.requireNonNull(vertx, "initialised before it joins");
        for (long millis : AFTER_MILLIS) {
            timers.setTimer(millis, timer -> sayAgain());
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
