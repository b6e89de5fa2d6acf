package io.forelog.queue;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/**
 * A page of a list that goes on from queue to queue, the oldest first. Its cursor is a part's id, a tilde and the part's own
 * cursor; so the id of a dead letter is a cursor, too. A page that is not the last is never empty. One use.
 */
final class Pages<T> {
    private final List<Part> parts;
    private final int limit;
    private final Source<T> source;
    private final BiFunction<Part, T, T> named;
    private final List<T> items = new ArrayList<>();

    /** One part's page behind its own cursor. */
    @FunctionalInterface
    interface Source<T> {
        Future<Page<T>> page(Part part, String own, int most);
    }

    Pages(List<Part> parts, int limit, Source<T> source, BiFunction<Part, T, T> named) {
        this.parts = parts;
        this.limit = limit;
        this.source = source;
        this.named = named;
    }

    Future<Page<T>> from(String cursor) {
        if (cursor.isEmpty()) {
            return from(0, "");
        }
        int tilde = cursor.indexOf('~');
        if (tilde <= 0 || !cursor.substring(0, tilde).chars().allMatch(Character::isDigit) || tilde > 9) {
            return Future.failedFuture(new WalException(
                    ErrorCode.INVALID_ARGUMENT, "cursor: '" + cursor + "' (expected: what a page before answered)"));
        }
        int id = Integer.parseInt(cursor.substring(0, tilde));
        int at = 0;
        while (at < parts.size() && parts.get(at).id() < id) {
            at++;
        }
        // A part that has gone since took all that was left of its list with it.
        boolean there = at < parts.size() && parts.get(at).id() == id;
        return from(at, there ? cursor.substring(tilde + 1) : "");
    }

    private Future<Page<T>> from(int at, String own) {
        if (at >= parts.size()) {
            return Future.succeededFuture(new Page<>(items, ""));
        }
        Part part = parts.get(at);
        return source.page(part, own, limit - items.size()).compose(page -> {
            page.items().forEach(one -> items.add(named.apply(part, one)));
            if (!page.cursor().isEmpty()) {
                return items.isEmpty()
                        ? from(at, page.cursor())
                        : Future.succeededFuture(new Page<>(items, part.named(page.cursor())));
            } else if (items.size() < limit || at == parts.size() - 1) {
                return from(at + 1, "");
            }
            return Future.succeededFuture(new Page<>(items, parts.get(at + 1).named("")));
        });
    }
}
