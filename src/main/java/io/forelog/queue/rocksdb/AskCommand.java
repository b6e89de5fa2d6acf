package io.forelog.queue.rocksdb;

import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Anything else: a function of committer and namespace, with an answer. It may change state through the commit; it may
 * fail with a {@link WalException} before it changed anything.
 */
final class AskCommand<T> extends Command {
    private final BiFunction<Committer, Backlog, T> what;
    private final Promise<T> promise;
    private final boolean refusable;
    private final Predicate<Backlog> seesCommitted;
    private @Nullable T answer;

    /** {@code seesCommitted}: true where it must wait for the filling commit, since it reads what that changes. */
    AskCommand(
            ContextInternal context,
            int namespace,
            boolean refusable,
            Predicate<Backlog> seesCommitted,
            BiFunction<Committer, Backlog, T> what) {
        super(context, namespace);
        this.what = what;
        this.refusable = refusable;
        this.seesCommitted = seesCommitted;
        this.promise = context.promise();
    }

    Future<T> future() {
        return promise.future();
    }

    @Override
    boolean mayBeRefused() {
        return refusable;
    }

    @Override
    boolean mustSeeCommitted(Committer committer) {
        Backlog backlog = committer.backlog(namespace);
        return backlog != null && seesCommitted.test(backlog);
    }

    @Override
    boolean apply(Committer committer) {
        Backlog backlog = committer.backlog(namespace);
        if (backlog == null) {
            failWith(committer.absent("asked for"));
            return true;
        }
        try {
            answer = what.apply(committer, backlog);
        } catch (WalException e) {
            failWith(e);
        }
        return true;
    }

    @Override
    void succeed() {
        promise.complete(answer);
    }

    @Override
    void fail(WalException why) {
        promise.fail(why);
    }
}
