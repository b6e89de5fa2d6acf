package io.forelog.ingest;

import io.forelog.access.Identity;
import io.forelog.model.AppendOutcome;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.wire.Bytes;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * {@code WriteToLog} straight on HTTP/2, for the plain case that is nearly all of them: uncompressed protobuf. One object
 * a call and no timer; what is not plain goes to Vert.x's gRPC server. Owned by the event loop of its connection.
 * Bounded by the largest message: more than that is refused, and what comes after is dropped.
 */
final class LeanUnaryCall implements Reply, Handler<Buffer> {
    static final String PATH = "/forelog.v1.WriteAheadLog/WriteToLog";

    private static final int PREFIX_BYTES = 5;
    private static final long NO_UNIT = -1;
    private static final CharSequence CONTENT_TYPE = HttpHeaders.createOptimized("application/grpc");
    private static final CharSequence STATUS = HttpHeaders.createOptimized("grpc-status");
    private static final CharSequence MESSAGE = HttpHeaders.createOptimized("grpc-message");
    private static final CharSequence DETAILS = HttpHeaders.createOptimized(GrpcStatusDetails.TRAILER);
    private static final CharSequence OK = HttpHeaders.createOptimized("0");

    private final HttpServerResponse response;
    private final Intake intake;
    private final Identity caller;
    private final long timeoutMicros;
    private final long openedMicros;
    private @Nullable Buffer received;
    private Bodies.@Nullable Body pieces;
    private boolean over;
    private boolean gone;

    private LeanUnaryCall(HttpServerRequest request, Intake intake, Identity caller, long timeoutMicros) {
        this.caller = caller;
        this.response = request.response();
        this.intake = intake;
        this.timeoutMicros = timeoutMicros;
        this.openedMicros = timeoutMicros == 0 ? 0 : intake.micros();
        Handler<Throwable> left = failure -> left();
        response.exceptionHandler(left);
        request.exceptionHandler(left);
        request.handler(this);
        request.endHandler(end -> take());
    }

    /** False where {@code request} is not a plain one: nothing was done. */
    static boolean open(HttpServerRequest request, Intake intake, Identity caller, long timeoutMicros) {
        if (request.version() != HttpVersion.HTTP_2 || !PATH.equals(request.path())) {
            return false;
        }
        String contentType = request.getHeader(HttpHeaders.CONTENT_TYPE);
        if (!"application/grpc".equals(contentType) && !"application/grpc+proto".equals(contentType)) {
            return false;
        }
        String encoding = request.getHeader("grpc-encoding");
        if (encoding != null && !encoding.equals("identity")) {
            return false;
        }
        new LeanUnaryCall(request, intake, caller, timeoutMicros);
        return true;
    }

    /** {@code header}: up to 8 digits and a unit, as gRPC has it; 0 = there is none, or it is not one; {@link Intake#OVER}. */
    static long timeoutMicros(@Nullable String header) {
        if (header == null || header.length() < 2 || header.length() > 9) {
            return 0;
        }
        long value = 0;
        int last = header.length() - 1;
        for (int i = 0; i < last; i++) {
            int digit = header.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return 0;
            }
            value = value * 10 + digit;
        }
        long micros = switch (header.charAt(last)) {
            case 'H' -> value * 3_600_000_000L;
            case 'M' -> value * 60_000_000L;
            case 'S' -> value * 1_000_000L;
            case 'm' -> value * 1_000L;
            case 'u' -> value;
            case 'n' -> (value + 999) / 1_000L;
            default -> NO_UNIT;
        };
        return micros == NO_UNIT ? 0 : micros == 0 ? Intake.OVER : micros;
    }

    @Override
    public void handle(Buffer chunk) {
        if (over) {
            return;
        }
        Bodies.Body together = pieces;
        if (together == null) {
            if (received == null && isWhole(chunk)) {
                received = chunk;
                return;
            }
            together = intake.bodies().begin(() -> fail(intake.bodies().late()));
            pieces = together;
        }
        Buffer before = received;
        received = null;
        if (together.length() + chunk.length() > intake.limits().bodyBytesMax() + PREFIX_BYTES) {
            fail(Refusal.of(
                    ErrorCode.PAYLOAD_TOO_LARGE,
                    "request: more than " + intake.limits().bodyBytesMax() + " bytes (expected: at most that)"));
        } else if (before != null && !together.add(before) || !together.add(chunk)) {
            fail(intake.bodies().full());
        }
    }

    /** By its own words. */
    private static boolean isWhole(Buffer chunk) {
        return chunk.length() >= PREFIX_BYTES && chunk.getUnsignedInt(1) == chunk.length() - PREFIX_BYTES;
    }

    private void left() {
        gone = true;
        drop();
    }

    private void drop() {
        received = null;
        if (pieces != null) {
            pieces.end();
            pieces = null;
        }
    }

    private void take() {
        if (over) {
            return;
        }
        Buffer frame = pieces == null ? received : pieces.end();
        received = null;
        pieces = null;
        if (frame == null || frame.length() < PREFIX_BYTES) {
            fail(Refusal.of(ErrorCode.INVALID_ARGUMENT, "request: no message (expected: one)"));
            return;
        }
        long length = frame.getUnsignedInt(1);
        if (frame.getByte(0) != 0 || length != frame.length() - PREFIX_BYTES) {
            fail(Refusal.of(
                    ErrorCode.INVALID_ARGUMENT,
                    "request: a frame of " + length + " bytes in " + (frame.length() - PREFIX_BYTES)
                            + " (expected: one uncompressed message)"));
            return;
        }
        try {
            WriteRequest request = ProtobufRequests.one(frame.slice(PREFIX_BYTES, frame.length()));
            intake.write(request, intake.leftMicros(timeoutMicros, openedMicros), this, 0);
        } catch (RuntimeException e) {
            fail(Refusal.of(WalException.of(e)));
        }
    }

    @Override
    public void decided(int index, AppendOutcome outcome) {
        if (Refusal.isStatus(outcome)) {
            fail(Refusal.of(outcome));
            return;
        }
        if (over || gone) {
            return;
        }
        over = true;
        byte[] frame = ProtobufAnswers.one(outcome, PREFIX_BYTES);
        int length = frame.length - PREFIX_BYTES;
        frame[1] = (byte) (length >>> 24);
        frame[2] = (byte) (length >>> 16);
        frame[3] = (byte) (length >>> 8);
        frame[4] = (byte) length;
        response.putHeader(HttpHeaders.CONTENT_TYPE, CONTENT_TYPE);
        response.putTrailer(STATUS, OK);
        response.end(Bytes.view(frame));
    }

    @Override
    public void refused(int index, Refusal refusal) {
        fail(refusal);
    }

    private void fail(Refusal refusal) {
        if (over || gone) {
            return;
        }
        over = true;
        drop();
        refuse(response, refusal);
    }

    /** Ends a gRPC call that has not begun to answer. */
    static void refuse(HttpServerResponse response, Refusal refusal) {
        response.putHeader(HttpHeaders.CONTENT_TYPE, CONTENT_TYPE);
        response.putHeader(STATUS, Integer.toString(GrpcStatusDetails.status(refusal.code())));
        response.putHeader(MESSAGE, percentEncoded(refusal.message()));
        response.putHeader(DETAILS, GrpcStatusDetails.encode(refusal));
        response.end();
    }

    /** As gRPC has it: UTF-8, all but printable ASCII and % in hexadecimal. */
    static String percentEncoded(String text) {
        StringBuilder encoded = new StringBuilder(text.length() + 16);
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            if (each >= ' ' && each <= '~' && each != '%') {
                encoded.append((char) each);
            } else {
                encoded.append('%')
                        .append(Character.toUpperCase(Character.forDigit((each >> 4) & 0xF, 16)))
                        .append(Character.toUpperCase(Character.forDigit(each & 0xF, 16)));
            }
        }
        return encoded.toString();
    }

    @Override
    public void undeduped() {
        response.putHeader(HttpAnswers.DEDUPE, HttpAnswers.DEDUPE_NONE);
    }

    @Override
    public Identity caller() {
        return caller;
    }

    @Override
    public boolean abandoned() {
        return gone;
    }
}
