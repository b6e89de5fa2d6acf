package io.forelog.queue.rocksdb;

import io.forelog.model.WalException;
import io.vertx.core.internal.ContextInternal;
import org.jspecify.annotations.Nullable;

/**
 * Something asked of the committer. Made on the caller's context, applied on the committer thread, ended on the
 * caller's context again. Its weight counts against what may wait for the committer.
 */
abstract class Command {
    final ContextInternal context;
    final int namespace;
    private @Nullable WalException failure;

    Command(ContextInternal context, int namespace) {
        this.context = context;
        this.namespace = namespace;
    }

    int entries() {
        return 1;
    }

    long bytes() {
        return 0;
    }

    /** Whether it may be refused because too much waits: what frees room may not. */
    boolean mayBeRefused() {
        return true;
    }

    /** It reads places from the database for {@code sequence}s that the filling commit may have moved. */
    boolean mustSeeCommitted(Committer committer) {
        return false;
    }

    /** On the committer thread. True: it ends with this commit. A failure must be found before anything is changed. */
    abstract boolean apply(Committer committer);

    /** On the caller's context: it was applied and committed. */
    abstract void succeed();

    /** On the caller's context: it was not applied, or nobody knows. */
    abstract void fail(WalException why);

    final void failWith(WalException why) {
        failure = why;
    }

    final void end() {
        if (failure == null) {
            succeed();
        } else {
            fail(failure);
        }
    }
}
