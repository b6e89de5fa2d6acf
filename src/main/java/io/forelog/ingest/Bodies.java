package io.forelog.ingest;

import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.wire.Bytes;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The requests of one event loop that have come in part, as far as they have come: bodies in pieces, which are gathered here, and
 * messages of gRPC calls that its server gathers, which are counted. One that comes whole, by its own
 * words, is none of them and costs nothing. Bounded
 * by the bytes received, of which growing buffers may hold twice as many: with no room left, those that have taken longer than a
 * request may are given up, and then the newest is refused. Owned by its event loop.
 */
final class Bodies {
    private static final long RETRY_MILLIS = 1_000;

    private final Ticker ticker;
    private final long bytesMax;
    private final long limitMicros;
    /** In the order in which they began. */
    private final Set<Part> underWay = new LinkedHashSet<>();

    private long bytes;

    Bodies(Ticker ticker, long bytesMax, Duration limit) {
        this.ticker = ticker;
        this.bytesMax = bytesMax;
        this.limitMicros = limit.toNanos() / 1_000L;
    }

    /** A body that comes in pieces; {@code givenUp} is told where it took too long, and nothing is taken of it then. */
    Body begin(Runnable givenUp) {
        return new Body(count(givenUp));
    }

    /** As {@link #begin}, of what somebody else gathers. */
    Part count(Runnable givenUp) {
        Part part = new Part(givenUp);
        underWay.add(part);
        return part;
    }

    private boolean room(int more, Part but) {
        if (bytes + more <= bytesMax) {
            return true;
        }
        long late = ticker.micros() - limitMicros;
        List<Part> gone = new ArrayList<>();
        long freed = 0;
        for (Part part : underWay) {
            if (part.beganMicros > late || bytes - freed + more <= bytesMax) {
                break;
            }
            if (part != but) {
                gone.add(part);
                freed += part.bytes;
            }
        }
        gone.forEach(part -> {
            part.end();
            part.givenUp.run(); // may end others
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

    /** One of them, as a figure: ends with {@link #end}, in any case. */
    final class Part {
        private final Runnable givenUp;
        private final long beganMicros = ticker.micros();
        private int bytes;

        private Part(Runnable givenUp) {
            this.givenUp = givenUp;
        }

        int bytes() {
            return bytes;
        }

        /** False where there is no room. */
        boolean take(int more) {
            if (!room(more, this)) {
                return false;
            }
            bytes += more;
            Bodies.this.bytes += more;
            return true;
        }

        /** Once or again. */
        void end() {
            if (underWay.remove(this)) {
                Bodies.this.bytes -= bytes;
            }
        }
    }

    /** One of them, with what has come: ends with {@link #end}, in any case. */
    static final class Body {
        private final Part part;
        private Buffer gathered = Bytes.EMPTY;
        private boolean copied;

        private Body(Part part) {
            this.part = part;
        }

        int length() {
            return gathered.length();
        }

        /** False where there is no room. */
        boolean add(Buffer piece) {
            if (!part.take(piece.length())) {
                return false;
            }
            if (gathered.length() == 0) {
                gathered = piece; // it may stay alone
            } else if (copied) {
                gathered.appendBuffer(piece);
            } else {
                copied = true;
                gathered = Buffer.buffer(gathered.length() * 4)
                        .appendBuffer(gathered)
                        .appendBuffer(piece);
            }
            return true;
        }

        /** What has come. Once or again. */
        Buffer end() {
            part.end();
            return gathered;
        }
    }
}
