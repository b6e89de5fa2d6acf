package io.forelog.ingest;

import io.forelog.model.ErrorCode;
import io.forelog.wire.Bytes;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.DecoderException;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.internal.buffer.BufferInternal;
import org.jspecify.annotations.Nullable;

/**
 * The body of one request as it comes in, and whether its client is still there. Owned by the event loop of its
 * connection. Bounded by {@code bytesMax}, however it is framed: more is answered 413 and the connection is closed
 * behind the answer. What comes in pieces is one of the loop's {@link Bodies}.
 */
final class HttpBody implements Handler<Buffer> {
    private final HttpServerRequest request;
    private final int bytesMax;
    private final Handler<Buffer> whole;
    private final Bodies bodies;
    /** As the request says; -1 = it does not. */
    private final long declared;

    private @Nullable Buffer received;
    private Bodies.@Nullable Body pieces;
    private boolean over;
    private boolean gone;

    private HttpBody(HttpServerRequest request, Bodies bodies, int bytesMax, long declared, Handler<Buffer> whole) {
        this.bodies = bodies;
        this.request = request;
        this.bytesMax = bytesMax;
        this.whole = whole;
        this.declared = declared;
    }

    /**
     * {@code whole} gets the body once it is there. Null where the request was answered instead: too large by its own
     * words, in a coding, or with an expectation nobody can meet.
     */
    static @Nullable HttpBody read(HttpServerRequest request, Bodies bodies, int bytesMax, Handler<Buffer> whole) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        long declared = declared(length);
        if (declared > bytesMax) {
            tooLarge(request, length + " bytes", bytesMax);
            return null;
        }
        String encoding = request.getHeader(HttpHeaders.CONTENT_ENCODING);
        if (encoding != null && !encoding.isEmpty() && !encoding.equalsIgnoreCase("identity")) {
            request.response().putHeader(HttpHeaders.ACCEPT_ENCODING, HttpHeaders.IDENTITY);
            HttpAnswers.plain(
                    request.response(),
                    415,
                    ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                    "Content-Encoding: " + Validator.quote(encoding) + " (expected: none; the body is taken as it is)");
            return null;
        }
        String expect = request.getHeader(HttpHeaders.EXPECT);
        if (expect != null) {
            if (!expect.equalsIgnoreCase("100-continue")) {
                HttpAnswers.plain(
                        request.response(),
                        417,
                        ErrorCode.INVALID_ARGUMENT,
                        "Expect: " + Validator.quote(expect) + " (expected: 100-continue)");
                return null;
            }
            request.response().writeContinue();
        }
        HttpBody body = new HttpBody(request, bodies, bytesMax, declared, whole);
        Handler<Throwable> left = body::fail;
        request.exceptionHandler(left);
        request.response().exceptionHandler(left);
        request.handler(body);
        request.endHandler(end -> body.end());
        return body;
    }

    /** What is no number is more than any. */
    private static long declared(@Nullable String length) {
        try {
            return length == null ? -1 : Long.parseLong(length);
        } catch (NumberFormatException e) {
            return Long.MAX_VALUE;
        }
    }

    static void tooLarge(HttpServerRequest request, String found, int bytesMax) {
        HttpServerResponse response = request.response();
        if (request.version() == HttpVersion.HTTP_1_1) {
            response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        HttpAnswers.problem(
                response, Refusal.field(ErrorCode.PAYLOAD_TOO_LARGE, "body", found, "at most " + bytesMax + " bytes"));
    }

    @Override
    public void handle(Buffer chunk) {
        if (over) {
            return;
        }
        Buffer before = received;
        Bodies.Body together = pieces;
        int length = (together != null ? together.length() : before == null ? 0 : before.length()) + chunk.length();
        if (length > bytesMax) {
            drop();
            tooLarge(request, "more than " + bytesMax + " bytes", bytesMax);
        } else if (before == null && together == null && chunk.length() == declared) {
            received = chunk;
        } else {
            received = null;
            if (together == null) {
                together = bodies.begin(this::late);
                pieces = together;
            }
            if (before != null && !together.add(before) || !together.add(chunk)) {
                drop();
                HttpAnswers.problem(request.response(), bodies.full());
            }
        }
    }

    private void late() {
        drop();
        HttpAnswers.problem(request.response(), bodies.late());
    }

    /** Nothing more is taken. */
    private void drop() {
        over = true;
        received = null;
        if (pieces != null) {
            pieces.end();
            pieces = null;
        }
        if (request.version() == HttpVersion.HTTP_1_1) {
            request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
    }

    private void end() {
        if (!over) {
            over = true;
            Buffer body = pieces == null ? received : pieces.end();
            pieces = null;
            received = null;
            whole.handle(body == null ? Bytes.EMPTY : body);
        }
    }

    private void fail(Throwable failure) {
        if (!over && (failure instanceof DecoderException || failure instanceof IllegalArgumentException)) {
            drop();
            HttpAnswers.unframed(request, failure);
        }
        if (pieces != null) {
            pieces.end();
            pieces = null;
        }
        gone = true;
    }

    /** The client left. */
    boolean gone() {
        return gone;
    }

    /** {@code body} as an array, without copying where it lies in one. */
    static JsonRequests.Slice slice(Buffer body) {
        ByteBuf bytes = ((BufferInternal) body).getByteBuf();
        if (bytes.hasArray()) {
            return new JsonRequests.Slice(
                    bytes.array(), bytes.arrayOffset() + bytes.readerIndex(), bytes.readableBytes());
        }
        byte[] copy = body.getBytes();
        return new JsonRequests.Slice(copy, 0, copy.length);
    }
}
