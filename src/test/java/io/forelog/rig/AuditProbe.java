package io.forelog.rig;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/** The books of one namespace as the management API shows them. Test threads; one call at a time. */
public final class AuditProbe {
    private final AdminClient admin;
    private final String namespace;

    AuditProbe(AdminClient admin, String namespace) {
        this.admin = admin;
        this.namespace = namespace;
    }

    /** A moment's figures. {@code raw} is the whole answer, for messages. */
    public record Audit(
            long accepted,
            long delivered,
            long pending,
            long dead,
            long expired,
            long cancelled,
            long movedIn,
            long movedOut,
            boolean balanced,
            String raw) {
        /** The identity, added up here and not believed. */
        public boolean addsUp() {
            return accepted + movedIn == delivered + pending + dead + expired + cancelled + movedOut;
        }
    }

    public Audit read() {
        AdminClient.Reply reply = admin.get("/admin/v1/namespaces/" + namespace + "/audit");
        if (reply.status() != 200) {
            throw new AssertionError("audit of " + namespace + ": " + reply);
        }
        JsonObject json = reply.json();
        return new Audit(
                json.getLong("accepted"),
                json.getLong("delivered"),
                json.getLong("pending"),
                json.getLong("dead"),
                json.getLong("expired"),
                json.getLong("cancelled"),
                json.getLong("moved_in"),
                json.getLong("moved_out"),
                json.getBoolean("balanced"),
                reply.body());
    }

    /** Fails where the books do not balance, by their own word or by addition. */
    public Audit readBalanced() {
        Audit audit = read();
        if (!audit.balanced() || !audit.addsUp()) {
            throw new AssertionError("the audit of " + namespace + " does not balance: " + audit.raw());
        }
        return audit;
    }

    /** Ends when nothing is pending; the books must balance then. */
    public Audit awaitSettled(Duration limit) {
        await("nothing is pending", limit, audit -> audit.pending() == 0);
        return readBalanced();
    }

    /** What holds deliveries up, for messages. */
    private String pumps() {
        return admin.get("/admin/v1/namespaces/" + namespace + "/pumps").body();
    }

    public void await(String what, Duration limit, Predicate<Audit> condition) {
        AtomicReference<Audit> last = new AtomicReference<>();
        Await.until(
                what,
                limit,
                () -> {
                    last.set(read());
                    return condition.test(last.get());
                },
                () -> last.get().raw() + pumps());
    }
}
