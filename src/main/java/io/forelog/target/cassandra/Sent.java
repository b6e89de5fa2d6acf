package io.forelog.target.cassandra;

import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.BoundStatement;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** One statement of a batch on its way. Written by the driver's thread before it is handed back, read at home after. */
final class Sent implements BiConsumer<@Nullable AsyncResultSet, @Nullable Throwable> {
    private final Link link;
    final Submission submission;
    /** In the batch. */
    final int index;

    final BoundStatement bound;

    @Nullable
    Throwable failure;

    Sent(Link link, Submission submission, int index, BoundStatement bound) {
        this.link = link;
        this.submission = submission;
        this.index = index;
        this.bound = bound;
    }

    @Override
    public void accept(@Nullable AsyncResultSet rows, @Nullable Throwable thrown) {
        failure = thrown;
        link.came(this);
    }
}
