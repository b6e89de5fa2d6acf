package io.forelog.admin;

import io.forelog.access.Doors;
import io.forelog.access.Identity;
import io.forelog.access.Locks;
import io.forelog.access.TlsFiles;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.Metrics;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.impl.HttpServerConnection;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The management port. One instance, whose event loop owns the jobs. Bounded: {@value #REQUESTS_MAX} requests at a time
 * besides health, of callers who may look, bodies of {@link #BODY_MAX} bytes in the time that connections have, answers within {@link #ANSWER_LIMIT}, jobs by {@link JobRunner}.
 */
public final class AdminServer extends VerticleBase {
    static final int BODY_MAX = 4 * 1024 * 1024;
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);
    private static final int REQUESTS_MAX = 64;
    private static final long LINGER_MILLIS = 1_000;
    private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);

    private final String host;
    private final int port;
    private final NodeServices node;
    private final Metrics metrics;
    private final AuditLog audit;
    private final Rights rights;
    private final Locks locks;
    private final Ticker ticker;
    private final Routes routes = new Routes();
    private final Promise<Integer> listening = Promise.promise();
    private JobRunner jobs;
    private OwnerProxy proxy;
    private HttpServer server;
    private int requests;

    /** {@code port} 0 = any free one, told by {@link #port()}. */
    @SuppressWarnings("NullAway.Init")
    public AdminServer(
            String host,
            int port,
            NodeServices node,
            Metrics metrics,
            AuditLog audit,
            Rights rights,
            Locks locks,
            Ticker ticker) {
        this.host = host;
        this.port = port;
        this.node = node;
        this.metrics = metrics;
        this.audit = audit;
        this.rights = rights;
        this.locks = locks;
        this.ticker = ticker;
    }

    /** The port it listens on; ends with the start. Any thread. */
    public Future<Integer> port() {
        return listening.future();
    }

    @Override
    public Future<?> start() {
        jobs = new JobRunner(ticker, audit);
        proxy = new OwnerProxy(vertx, node, locks);
        Desk desk = new Desk(node, jobs, audit, rights, ticker, Later.on(vertx));
        new NodeApi(desk, vertx, metrics, routes).addTo(routes);
        new NamespacesApi(desk).addTo(routes);
        new EntriesApi(desk).addTo(routes);
        new DeadLettersApi(desk).addTo(routes);
        new DeliveryApi(desk).addTo(routes);
        new AuditApi(desk).addTo(routes);
        new SignalsApi(desk).addTo(routes);
        HttpServerOptions options = new HttpServerOptions()
                .setHost(host)
                .setPort(port)
                .setIdleTimeout(120)
                .setIdleTimeoutUnit(TimeUnit.SECONDS)
                .setCompressionSupported(true);
        TlsFiles tls = locks.tls();
        if (tls != null) {
            tls.lock(options);
            options.setUseAlpn(true);
        }
        server = vertx.createHttpServer(options)
                .connectionHandler(connection -> {
                    if (connection instanceof HttpServerConnection server) {
                        Doors.arrived(server.channelHandlerContext().channel());
                    }
                })
                .requestHandler(this::received)
                .invalidRequestHandler(AdminServer::invalid)
                .exceptionHandler(failure -> LOG.debug("a management connection failed", failure));
        return server.listen()
                .recover(failure -> Future.failedFuture(new WalException(
                        ErrorCode.UNAVAILABLE,
                        "ports.management: " + host + ":" + port + ": " + failure.getMessage()
                                + " (expected: an address of this machine and a free port; 0 = any)",
                        failure)))
                .onComplete(listener -> listening.complete(listener.actualPort()), listening::fail);
    }

    /** After the certificate's files have changed: connections made from now on see it. */
    public Future<Void> renewCertificate() {
        TlsFiles tls = locks.tls();
        return tls == null
                ? Future.succeededFuture()
                : server.updateSSLOptions(tls.renewed()).mapEmpty();
    }

    @Override
    public Future<?> stop() {
        jobs.cancelAll();
        return server.close().eventually(proxy::close);
    }

    private void received(HttpServerRequest request) {
        HttpServerResponse response = request.response();
        if (!request.uri().startsWith("/") || request.uri().startsWith("//")) {
            // Another node is asked with these very words: none of them may name a host.
            turnAway(request, Exchange.invalid("request: another form (expected: a path, RFC 9112, 3.2.1)"));
            return;
        }
        Optional<Routes.Match> match = routes.match(request.method(), path(request));
        if (match.isEmpty()) {
            refuse(request);
            return;
        }
        WalException foreign = foreignOrigin(request);
        if (foreign != null) {
            turnAway(request, foreign);
            return;
        }
        String principal;
        Map<String, String> query;
        try {
            principal = admitted(request, match.get());
            query = Parameter.read(request, match.get().parameters());
        } catch (WalException e) {
            turnAway(request, e);
            return;
        }
        if (requests >= REQUESTS_MAX && !isOpen(request)) {
            turnAway(
                    request,
                    new WalException(
                            ErrorCode.OVERLOADED, "management: " + requests + " requests (expected: fewer at a time)"));
            return;
        }
        if (tooLarge(request)) {
            turnAway(request, tooLarge());
            return;
        }
        requests++;
        body(request)
                .compose(body -> answer(request, match.get(), query, body, principal))
                .timeout(ANSWER_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                .eventually(() -> {
                    requests--;
                    return Future.succeededFuture();
                })
                .onComplete(answer -> send(response, answer), failure -> send(response, told(request, failure)));
    }

    /** Before its body is read. */
    private void turnAway(HttpServerRequest request, WalException why) {
        if (request.getHeader("Content-Length") != null || request.getHeader("Transfer-Encoding") != null) {
            // Unread: what follows would be taken for a request. Who is sending it has a moment to see the answer.
            request.response().putHeader("Connection", "close");
            if (request.version() != HttpVersion.HTTP_2) {
                vertx.setTimer(LINGER_MILLIS, id -> request.connection().close());
            }
        }
        send(request.response(), Answer.problem(why));
    }

    /** Its caller; health has one where they say so. Fails by throwing where they may not even look. */
    private String admitted(HttpServerRequest request, Routes.Match match) {
        if (isOpen(request)) {
            try {
                return rights.principal(request);
            } catch (WalException e) {
                return Identity.ANONYMOUS.principal();
            }
        }
        String principal = rights.principal(request);
        String namespace = match.path().getOrDefault("ns", "");
        if (!rights.mayLook(principal, namespace) && !rights.mayAdminister(principal, namespace)) {
            throw new WalException(
                    ErrorCode.PERMISSION_DENIED,
                    namespace + ": " + principal
                            + " may not read (expected: a principal of its access.read or access.admin)");
        }
        return principal;
    }

    private static boolean isOpen(HttpServerRequest request) {
        return path(request).startsWith("/health/");
    }

    private static String path(HttpServerRequest request) {
        String path = request.path();
        if (path == null) {
            return "/";
        }
        return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    private void refuse(HttpServerRequest request) {
        String methods = String.join(", ", routes.methods(path(request)));
        String what = request.method() + " " + path(request);
        if (methods.isEmpty()) {
            send(
                    request.response(),
                    Answer.problem(ErrorCode.NOT_FOUND, what + ": no such path (GET / lists them)", new JsonObject()));
            return;
        }
        Answer answer = Answer.problem(
                ErrorCode.INVALID_ARGUMENT,
                what + ": (expected: " + methods + ")",
                new JsonObject().put("status", 405));
        send(
                request.response(),
                new Answer(405, answer.contentType(), answer.body(), answer.headers()).with("Allow", methods));
    }

    /** A page of another site that is open in an administrator's browser may not change anything here. */
    private static @Nullable WalException foreignOrigin(HttpServerRequest request) {
        String origin = request.getHeader("Origin");
        if (origin == null || request.method().equals(HttpMethod.GET)) {
            return null;
        }
        String own = request.getHeader("Host");
        if (own != null && (origin.equals("http://" + own) || origin.equals("https://" + own))) {
            return null;
        }
        return new WalException(
                ErrorCode.PERMISSION_DENIED, "Origin: " + origin + " (expected: the management port's own pages)");
    }

    /** By its own words. */
    private static boolean tooLarge(HttpServerRequest request) {
        String length = request.getHeader("Content-Length");
        try {
            return length != null && Long.parseLong(length) > BODY_MAX;
        } catch (NumberFormatException e) {
            return true;
        }
    }

    private static WalException tooLarge() {
        return new WalException(
                ErrorCode.PAYLOAD_TOO_LARGE, "body: too large (expected: at most " + BODY_MAX + " bytes)");
    }

    /** What the codec could not make a request of. */
    private static void invalid(HttpServerRequest request) {
        Throwable cause = request.decoderResult().cause();
        int status = cause instanceof TooLongHttpLineException
                ? 414
                : cause instanceof TooLongHttpHeaderException ? 431 : 400;
        Answer answer = Answer.problem(
                ErrorCode.MALFORMED_BODY, "request: " + cause.getMessage(), new JsonObject().put("status", status));
        send(
                request.response(),
                new Answer(status, answer.contentType(), answer.body(), Map.of("Connection", "close")));
    }

    /** Who does not send all of it in time is cut off. */
    private Future<Buffer> body(HttpServerRequest request) {
        Promise<Buffer> read = Promise.promise();
        Duration limit = locks.connections().requestLimit();
        long timer = vertx.setTimer(limit.toMillis(), id -> {
            if (read.tryFail(new WalException(
                    ErrorCode.MALFORMED_BODY, "body: not all there (expected: within " + limit + ")"))) {
                request.connection().close();
            }
        });
        Buffer body = Buffer.buffer();
        request.handler(part -> {
            if (body.length() + part.length() > BODY_MAX) {
                read.tryFail(tooLarge());
            } else {
                body.appendBuffer(part);
            }
        });
        request.exceptionHandler(failure -> {
            read.tryFail(unread(failure));
            if (request.connection() instanceof HttpServerConnection connection) {
                connection.channelHandlerContext().channel().flush(); // what is not, Vert.x drops as it closes
            }
        });
        request.endHandler(ended -> read.tryComplete(body));
        return read.future().onComplete(done -> vertx.cancelTimer(timer));
    }

    private static Throwable unread(Throwable failure) {
        return failure instanceof DecoderException || failure instanceof IllegalArgumentException
                ? new WalException(
                        ErrorCode.MALFORMED_BODY,
                        "body: " + failure.getMessage() + " (expected: chunks as RFC 9112 has them)")
                : failure;
    }

    private Future<Answer> answer(
            HttpServerRequest request, Routes.Match match, Map<String, String> query, Buffer body, String principal) {
        if (proxy.isElsewhere(match)) {
            return proxy.ask(request, match, body, principal);
        }
        String namespace = match.path().getOrDefault("ns", "");
        boolean payloads = !isOpen(request) && rights.mayReadPayloads(principal, request, namespace);
        return match.handler().answer(new Exchange(request, match.path(), query, body, principal, payloads));
    }

    private static Answer told(HttpServerRequest request, Throwable failure) {
        if (failure instanceof TimeoutException) {
            return Answer.problem(new WalException(
                    ErrorCode.UNKNOWN_DURABILITY,
                    "no answer within " + ANSWER_LIMIT + "; whether it was done is not known"));
        }
        WalException told = WalException.of(failure);
        if (told.code() == ErrorCode.INTERNAL) {
            LOG.atError().addKeyValue("path", request.path()).setCause(failure).log("a management request failed");
        }
        return Answer.problem(told);
    }

    private static void send(HttpServerResponse response, Answer answer) {
        if (response.ended() || response.closed()) {
            return;
        }
        response.setStatusCode(answer.status())
                .putHeader("Content-Type", answer.contentType())
                .putHeader("Cache-Control", "no-store")
                .putHeader("X-Content-Type-Options", "nosniff");
        answer.headers().forEach(response::putHeader);
        response.end(answer.body()).onFailure(failure -> LOG.debug("the caller left before its answer", failure));
    }
}
