package io.forelog.admin;

import io.forelog.config.Namespace;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.Page;
import io.forelog.queue.Queue;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The dead-letter workbench: list, show, redrive, purge. On the server's event loop; a list holds one answer's worth. */
final class DeadLettersApi {
    private static final String ALL = "/admin/v1/namespaces/{ns}/dead-letters";
    private static final String RATE = "1000/s";
    private static final int PAGE = 200;
    /** Most letters one list request looks at, so that a filter that fits nothing ends. */
    private static final int SCAN_MAX = 20_000;

    private static final Set<String> REDRIVE_FIELDS =
            Set.of("filter", "limit", "rate", "dry_run", "first", "first_timeout");
    private static final Set<String> PURGE_FIELDS = Set.of("filter", "limit", "rate", "dry_run", "all");

    /** What a list may be asked for besides a target, as in a filter. */
    private static final List<String> FILTERS =
            List.of("code", "text", "key", "key_prefix", "older_than", "newer_than");

    private static final Parameter DRY_RUN = Parameter.flag("dry_run");

    private final Desk desk;

    DeadLettersApi(Desk desk) {
        this.desk = desk;
    }

    void addTo(Routes routes) {
        routes.add(HttpMethod.GET, ALL, this::list, listed())
                .add(HttpMethod.POST, ALL + ":redrive", this::redrive, DRY_RUN)
                .add(HttpMethod.POST, ALL + ":purge", this::purge, DRY_RUN)
                .add(HttpMethod.GET, ALL + "/{id}", this::show, Parameter.flag("payload"));
    }

    private static Parameter[] listed() {
        List<Parameter> all = new ArrayList<>(
                List.of(Parameter.number("limit", 1, 1000), Parameter.text("after"), Parameter.text("target")));
        FILTERS.forEach(field -> all.add(Parameter.text(field)));
        return all.toArray(Parameter[]::new);
    }

    /** A list being filled. */
    private static final class Listing {
        private final JsonArray letters = new JsonArray();
        private final int limit;
        private final EntryFilter filter;
        private final int route;
        private String cursor;
        private int scanned;
        private boolean more = true;

        Listing(int limit, EntryFilter filter, int route, String cursor) {
            this.limit = limit;
            this.filter = filter;
            this.route = route;
            this.cursor = cursor;
        }
    }

    private Future<Answer> list(Exchange exchange) {
        Queue queue = desk.queue(exchange);
        Namespace namespace = desk.node().namespaces().find(exchange.namespace());
        JsonObject filter = new JsonObject();
        for (String field : FILTERS) {
            String value = exchange.query(field, "");
            if (!value.isEmpty()) {
                filter.put(field, value);
            }
        }
        String target = exchange.query("target", "");
        Listing listing = new Listing(
                (int) exchange.number("limit", 50),
                EntryFilter.ofDeadLetters(filter, desk.ticker().micros()),
                target.isEmpty() ? -1 : route("?target", namespace, target),
                exchange.query("after", ""));
        Promise<Answer> answer = Promise.promise();
        fill(queue, namespace, listing, answer);
        return answer.future();
    }

    private static int route(String name, @Nullable Namespace namespace, String target) {
        Namespace.Route route = namespace == null ? null : namespace.routes().get(target);
        if (route != null) {
            return route.id();
        }
        if (target.matches("route-\\d{1,9}")) {
            return Integer.parseInt(target.substring(6));
        }
        throw Exchange.invalid(name + ": '" + target + "' (expected: "
                + (namespace == null ? "" : "one of " + namespace.routes().keySet() + ", or of those gone, ")
                + "route-N)");
    }

    private static List<String> targets(JsonObject asked) {
        JsonObject filter = Asked.object(asked, "filter");
        Object target = filter == null ? null : filter.getValue("target");
        List<?> all = target instanceof JsonArray list ? list.getList() : target == null ? List.of() : List.of(target);
        return all.stream().map(String::valueOf).toList();
    }

    private void fill(Queue queue, @Nullable Namespace namespace, Listing listing, Promise<Answer> answer) {
        if (!listing.more || listing.letters.size() >= listing.limit || listing.scanned >= SCAN_MAX) {
            answer.tryComplete(Answer.ok(new JsonObject()
                    .put("dead_letters", listing.letters)
                    .put("next", listing.more ? listing.cursor : null)));
            return;
        }
        int want = Math.min(PAGE, listing.limit);
        queue.deadLetters(new DeadLetterCursor(listing.route, listing.cursor), want)
                .onComplete(
                        page -> {
                            add(listing, page, namespace);
                            desk.later().run(0, () -> fill(queue, namespace, listing, answer));
                        },
                        answer::tryFail);
    }

    private static void add(Listing listing, Page<DeadLetter> page, @Nullable Namespace namespace) {
        for (DeadLetter letter : page.items()) {
            if (listing.letters.size() >= listing.limit) {
                return;
            }
            listing.scanned++;
            listing.cursor = letter.id();
            if (listing.filter.matches(letter, namespace)) {
                listing.letters.add(Views.deadLetterLine(letter, namespace));
            }
        }
        listing.more = !page.cursor().isEmpty();
    }

    private Future<Answer> show(Exchange exchange) {
        boolean payload = exchange.flag("payload");
        if (payload && !exchange.readsPayloads()) {
            throw EntriesApi.noPayload(exchange);
        }
        String id = exchange.path("id");
        Namespace namespace = desk.node().namespaces().find(exchange.namespace());
        return desk.queue(exchange)
                .deadLetter(id)
                .map(
                        found -> found.orElseThrow(
                                () -> new WalException(
                                        ErrorCode.NOT_FOUND,
                                        "dead letter " + id
                                                + " is not there (redriven, purged, or expired; expected: an id from the list, not an entry's)")))
                .map(letter -> Answer.ok(Views.deadLetter(letter, namespace, payload)));
    }

    private Future<Answer> redrive(Exchange exchange) {
        JsonObject asked = exchange.json();
        Asked.only(asked, REDRIVE_FIELDS);
        int first = (int) Asked.number(asked, "first", 0, 0, 1000);
        Queue queue = desk.queue(exchange);
        if (first > 0 && !queue.capabilities().find()) {
            throw new WalException(
                    ErrorCode.NOT_SUPPORTED,
                    "first: this queue can't look up entries (expected: an embedded queue, or 0)");
        }
        return start(exchange, queue, asked, "redrive", false, first);
    }

    private Future<Answer> purge(Exchange exchange) {
        JsonObject asked = exchange.json();
        Asked.only(asked, PURGE_FIELDS);
        JsonObject filter = Asked.object(asked, "filter");
        if ((filter == null || filter.isEmpty()) && !Asked.flag(asked, "all") && !Asked.flag(asked, "dry_run")) {
            throw Exchange.invalid(
                    "filter: missing (expected: a filter, or \"all\": true to delete every dead letter)");
        }
        return start(exchange, desk.queue(exchange), asked, "purge", true, 0);
    }

    private Future<Answer> start(
            Exchange exchange, Queue queue, JsonObject asked, String kind, boolean purge, int first) {
        desk.check(exchange, exchange.namespace());
        boolean dryRun = Asked.flag(asked, "dry_run") || exchange.flag("dry_run");
        DeadLetterWork.Plan plan = new DeadLetterWork.Plan(
                purge,
                dryRun,
                Asked.number(asked, "limit", Long.MAX_VALUE, 1, Long.MAX_VALUE),
                Pace.parse("rate", asked.getValue("rate", RATE)),
                first,
                Times.duration(
                        "first_timeout", String.valueOf(asked.getValue("first_timeout", Duration.ofSeconds(30)))));
        EntryFilter filter = EntryFilter.ofDeadLetters(
                Asked.object(asked, "filter"), desk.ticker().micros());
        Namespace namespace = desk.node().namespaces().find(exchange.namespace());
        targets(asked).forEach(target -> route("filter.target", namespace, target));
        DeadLetterWork work = new DeadLetterWork(queue, namespace, filter, plan, desk.ticker(), desk.later());
        return desk.start(exchange, exchange.namespace(), kind, dryRun, asked, work::run);
    }
}
