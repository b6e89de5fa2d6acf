package io.forelog.app.cli;

import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * A small HTTP receiver that prints what arrives, and plays a sick target on request. One event loop; bodies of 16 MiB
 * at most; ends with the process.
 */
@Command(
        name = "receive",
        mixinStandardHelpOptions = true,
        usageHelpAutoWidth = true,
        sortOptions = false,
        description = "Listens for deliveries of an http target and prints them, a line each; for trying things.",
        footer = {
            "",
            "Examples:",
            "  forelog receive",
            "  forelog receive --status 503 --fail-rate 0.3     # three of ten fail",
            "  forelog receive --delay 2000                     # a slow target"
        })
final class ReceiveCommand implements Callable<Integer> {
    private static final int BODY_MAX = 16 << 20;
    private static final int PORT_MAX = 65_535;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--host", paramLabel = "HOST", description = "Where to listen (default: ${DEFAULT-VALUE}).")
    private String host = "127.0.0.1";

    @Option(names = "--port", paramLabel = "PORT", description = "0 = any free one (default: ${DEFAULT-VALUE}).")
    private int port = 8089;

    @Option(
            names = "--status",
            paramLabel = "CODE",
            description = "What to answer; with --fail-rate, to those that fail (default: 200, then 503).")
    private @Nullable Integer status;

    @Option(names = "--fail-rate", paramLabel = "0..1", description = "The share of requests that fail, at random.")
    private double failRate;

    @Option(names = "--retry-after", paramLabel = "SECONDS", description = "Sent along with a failure.")
    private @Nullable Integer retryAfter;

    @Option(names = "--delay", paramLabel = "MILLIS", description = "Wait so long before answering.")
    private long delayMillis;

    @Option(
            names = "--cut",
            paramLabel = "N",
            description = "Print so many characters of a body (default: ${DEFAULT-VALUE}).")
    private int cut = 200;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "table or json (default: ${DEFAULT-VALUE}).")
    private NodeCommand.Form form = NodeCommand.Form.table;

    private final Random random = new Random();

    @Override
    public Integer call() throws InterruptedException {
        if (failRate < 0 || failRate > 1) {
            throw new ParameterException(spec.commandLine(), "--fail-rate: " + failRate + " (expected: 0 to 1)");
        }
        if (port < 0 || port > PORT_MAX) {
            throw new ParameterException(spec.commandLine(), "--port: " + port + " (expected: 0 to " + PORT_MAX + ")");
        }
        if (status != null && (status < 200 || status > 599)) {
            throw new ParameterException(spec.commandLine(), "--status: " + status + " (expected: 200 to 599)");
        }
        if (cut < 0 || delayMillis < 0 || retryAfter != null && retryAfter < 0) {
            throw new ParameterException(
                    spec.commandLine(), "--cut, --delay, --retry-after: below 0 (expected: 0 or more)");
        }
        Console console = new Console(spec.commandLine(), form == NodeCommand.Form.json);
        Vertx vertx = Vertx.vertx();
        HttpServer server = listen(vertx, console)
                .recover(failure -> Future.failedFuture(new WalException(
                        ErrorCode.UNAVAILABLE,
                        "--port: " + port + " at " + host + ": " + failure.getMessage()
                                + " (expected: a free port; 0 = any)",
                        failure)))
                .await();
        console.note("receiving at http://" + host + ":" + server.actualPort() + "/ (end with Ctrl-C)");
        new CountDownLatch(1).await();
        return 0;
    }

    /** Starts it; the server says which port it got. */
    io.vertx.core.Future<HttpServer> listen(Vertx vertx, Console console) {
        return vertx.createHttpServer(new HttpServerOptions().setHost(host).setPort(port))
                .requestHandler(request -> received(vertx, request, console))
                .listen();
    }

    private void received(Vertx vertx, HttpServerRequest request, Console console) {
        Instant at = Instant.now();
        Buffer body = Buffer.buffer();
        request.handler(part -> {
            if (body.length() + part.length() <= BODY_MAX) {
                body.appendBuffer(part);
            }
        });
        request.exceptionHandler(failure -> console.note("a sender left: " + failure.getMessage()));
        request.endHandler(ended -> {
            int code = code();
            if (console.json()) {
                console.print(json(request, body, at, code).encode()); // a line each
            } else {
                console.print(line(request, body, at, code));
            }
            if (delayMillis > 0) {
                vertx.setTimer(delayMillis, fired -> answer(request, code));
            } else {
                answer(request, code);
            }
        });
    }

    private int code() {
        if (failRate > 0) {
            return random.nextDouble() < failRate ? (status == null ? 503 : status) : 200;
        }
        return status == null ? 200 : status;
    }

    private void answer(HttpServerRequest request, int code) {
        request.response().setStatusCode(code);
        if (code >= 400 && retryAfter != null) {
            request.response().putHeader("Retry-After", Integer.toString(retryAfter));
        }
        request.response().end();
    }

    private String line(HttpServerRequest request, Buffer body, Instant at, int code) {
        String time = LocalTime.ofInstant(at, ZoneId.systemDefault())
                .truncatedTo(ChronoUnit.MILLIS)
                .toString();
        String text = body.toString();
        return time + "  " + code + "  " + request.method() + " " + request.path() + "  entry "
                + header(request, "Forelog-Entry-Id") + "  key " + key(request) + "  attempt "
                + header(request, "Forelog-Attempt") + age(request, at) + "  "
                + (text.length() <= cut ? text : text.substring(0, cut) + "… (" + body.length() + " bytes)");
    }

    /** Since it was due where that is said, else since it was accepted, which a UUIDv7 tells to the millisecond. */
    private static String age(HttpServerRequest request, Instant at) {
        String due = request.getHeader("Forelog-Due");
        if (due != null && due.matches("\\d{4}-.*Z")) {
            return "  " + ChronoUnit.MILLIS.between(Instant.parse(due), at) + " ms after due";
        }
        try {
            String id = request.getHeader("Forelog-Entry-Id");
            return id == null
                    ? ""
                    : "  " + (at.toEpochMilli() - EntryId.parse(id).millis()) + " ms after accepted";
        } catch (WalException e) {
            return "";
        }
    }

    /** One that is no header's text comes in base64. */
    private static String key(HttpServerRequest request) {
        String base64 = request.getHeader("Forelog-Key-Base64");
        if (base64 == null) {
            return header(request, "Forelog-Key");
        }
        try {
            return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return base64;
        }
    }

    private static String header(HttpServerRequest request, String name) {
        String value = request.getHeader(name);
        return value == null ? "-" : value;
    }

    private JsonObject json(HttpServerRequest request, Buffer body, Instant at, int code) {
        JsonObject headers = new JsonObject();
        request.headers().forEach(header -> headers.put(header.getKey(), header.getValue()));
        String text = body.toString();
        return new JsonObject()
                .put("at", at.toString())
                .put("answered", code)
                .put("method", request.method().name())
                .put("uri", request.uri())
                .put("headers", headers)
                .put("bytes", body.length())
                .put("body", text.length() <= cut ? text : text.substring(0, cut));
    }
}
