package io.forelog.admin;

import io.forelog.model.WalException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A piece of long work and how far it is. Touched by the event loop of {@link AdminServer} alone; bounded by
 * {@link JobRunner}, and its sample by {@value #SAMPLE_MAX}.
 *
 * <pre>
 *   RUNNING ─► DONE | FAILED | CANCELLED
 * </pre>
 */
final class Job {
    static final int SAMPLE_MAX = 20;

    private final String id;
    private final String kind;
    private final String namespace;
    private final String principal;
    private final boolean dryRun;
    private final long startedMicros;
    private final JsonArray sample = new JsonArray();
    private State state = State.RUNNING;
    private boolean cancelRequested;
    private long scanned;
    private long matched;
    private long omitted;
    private long done;
    private String text = "";
    private @Nullable WalException failure;
    private long endedMicros;

    /** Where it stands. */
    enum State {
        RUNNING,
        DONE,
        FAILED,
        CANCELLED
    }

    Job(String id, String kind, String namespace, String principal, boolean dryRun, long startedMicros) {
        this.id = id;
        this.kind = kind;
        this.namespace = namespace;
        this.principal = principal;
        this.dryRun = dryRun;
        this.startedMicros = startedMicros;
    }

    String id() {
        return id;
    }

    String kind() {
        return kind;
    }

    String namespace() {
        return namespace;
    }

    String principal() {
        return principal;
    }

    boolean dryRun() {
        return dryRun;
    }

    long startedMicros() {
        return startedMicros;
    }

    State state() {
        return state;
    }

    boolean running() {
        return state == State.RUNNING;
    }

    long done() {
        return done;
    }

    long matched() {
        return matched;
    }

    void scanned(int count) {
        scanned += count;
    }

    /** One that the work is for; its line is kept while the sample has room. */
    void matched(JsonObject line) {
        matched++;
        if (sample.size() < SAMPLE_MAX) {
            sample.add(line);
        }
    }

    void omitted() {
        omitted++;
    }

    void done(int count) {
        done += count;
    }

    /** What it is at, in words. */
    void says(String words) {
        text = words;
    }

    @Nullable
    WalException failure() {
        return failure;
    }

    /** It ends at its next step. */
    void cancel() {
        cancelRequested = true;
    }

    boolean cancelled() {
        return cancelRequested;
    }

    void end(@Nullable Throwable failed, long nowMicros) {
        endedMicros = nowMicros;
        if (failed != null) {
            state = State.FAILED;
            failure = WalException.of(failed);
        } else {
            state = cancelRequested ? State.CANCELLED : State.DONE;
        }
    }

    JsonObject toJson() {
        JsonObject json = new JsonObject()
                .put("id", id)
                .put("kind", kind)
                .put("namespace", namespace)
                .put("state", state.name())
                .put("dry_run", dryRun)
                .put("principal", principal)
                .put("started", Times.text(startedMicros))
                .put("ended", Times.text(endedMicros))
                .put("scanned", scanned)
                .put("matched", matched)
                .put("omitted", omitted)
                .put("done", done)
                .put("text", text);
        if (failure != null) {
            json.put("code", failure.code().name()).put("text", failure.getMessage());
        }
        if (dryRun) {
            json.put("sample", sample);
        }
        return json;
    }

    @Override
    public String toString() {
        return kind.toLowerCase(Locale.ROOT) + " " + id;
    }
}
