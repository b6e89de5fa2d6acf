package io.forelog.ingest;

import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The bodies of one event loop that come in pieces, as far as they have come; one that comes whole is none of them and costs
 * nothing. Bounded by the bytes received, of which growing buffers may hold twice as many: with no room left, those that have
 * taken longer than a request may are given up, and then the newest is refused. Owned by its event loop.
 */
final class Bodies {
    private static final long RETRY_MILLIS = 1_000;

    private final Ticker ticker;
    private final long bytesMax;
    private final long limitMicros;
    /** In the order in which they began. */
    private final Set<Body> underWay = new LinkedHashSet<>();

    private long bytes;

    Bodies(Ticker ticker, long bytesMax, Duration limit) {
        this.ticker = ticker;
        this.bytesMax = bytesMax;
        this.limitMicros = limit.toNanos() / 1_000L;
    }

    /** A body whose second piece has come; {@code givenUp} is told where it took too long, and nothing is taken of it then. */
    Body begin(Buffer first, Runnable givenUp) {
        Body body = new Body(first, givenUp);
        underWay.add(body);
        bytes += first.length();
        return body;
    }

    private boolean room(int more, Body but) {
        if (bytes + more <= bytesMax) {
            return true;
        }
        long late = ticker.micros() - limitMicros;
        List<Body> gone = new ArrayList<>();
        long freed = 0;
        for (Body body : underWay) {
            if (body.beganMicros > late || bytes - freed + more <= bytesMax) {
                break;
            }
            if (body != but) {
                gone.add(body);
                freed += body.gathered.length();
            }
        }
        gone.forEach(body -> {
            body.end();
            body.givenUp.run(); // may end others
        });
        return bytes + more <= bytesMax;
    }

    /** What a caller is told whose body finds no room. */
    Refusal full() {
        return Refusal.shed(
                ErrorCode.OVERLOADED,
                "request: " + bytes + " bytes of requests are on their way in (expected: at most " + bytesMax
                        + "; send again later)",
                RETRY_MILLIS);
    }

    /** What a caller is told whose body took too long. */
    Refusal late() {
        return Refusal.shed(
                ErrorCode.OVERLOADED,
                "request: not complete after " + Duration.ofNanos(limitMicros * 1_000L)
                        + " (expected: within that, while others want the room)",
                RETRY_MILLIS);
    }

    /** One of them: ends with {@link #end}, in any case. */
    final class Body {
        private final Buffer gathered;
        private final Runnable givenUp;
        private final long beganMicros = ticker.micros();

        private Body(Buffer first, Runnable givenUp) {
            this.gathered = Buffer.buffer(first.length() * 4).appendBuffer(first);
            this.givenUp = givenUp;
        }

        int length() {
            return gathered.length();
        }

        /** False where there is no room. */
        boolean add(Buffer piece) {
            if (!room(piece.length(), this)) {
                return false;
            }
            gathered.appendBuffer(piece);
            bytes += piece.length();
            return true;
        }

        /** What has come. Once or again. */
        Buffer end() {
            if (underWay.remove(this)) {
                bytes -= gathered.length();
            }
            return gathered;
        }
    }
}
