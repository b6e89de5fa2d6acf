package io.forelog.queue.rocksdb;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.util.List;

/** A long poll: it becomes its route's demand and ends when there is something, or with the queue. */
final class TakeCommand extends Command {
    final int route;
    final int max;
    final long bytesMax;
    private final Promise<List<Delivery>> promise;
    private List<Delivery> taken = List.of();

    TakeCommand(ContextInternal context, int namespace, int route, int max, long bytesMax) {
        super(context, namespace);
        this.route = route;
        this.max = max;
        this.bytesMax = bytesMax;
        this.promise = context.promise();
    }

    Future<List<Delivery>> future() {
        return promise.future();
    }

    @Override
    boolean mayBeRefused() {
        return false;
    }

    @Override
    boolean apply(Committer committer) {
        Backlog backlog = committer.backlog(namespace);
        if (backlog == null) {
            failWith(committer.absent("of route " + route));
            return true;
        }
        RouteBacklog asked = backlog.route(route);
        if (asked.demand != null) {
            failWith(new WalException(
                    ErrorCode.INTERNAL, "take: route " + route + " is being taken from (expected: one taker)"));
            return true;
        }
        asked.demand = this;
        asked.stirred = true;
        committer.wantsServing();
        return false;
    }

    void answer(List<Delivery> deliveries) {
        taken = deliveries;
    }

    @Override
    void succeed() {
        promise.complete(taken);
    }

    @Override
    void fail(WalException why) {
        promise.fail(why);
    }
}
