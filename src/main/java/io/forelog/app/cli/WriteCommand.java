package io.forelog.app.cli;

import io.forelog.client.GrpcWriteClient;
import io.forelog.client.HttpWriteClient;
import io.forelog.client.ManagementClient;
import io.forelog.client.Write;
import io.forelog.client.WriteAnswer;
import io.forelog.client.WriteClient;
import io.forelog.model.Durable;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** Writes one entry, or many alike. Bounded: 64 writes in flight. */
@Command(
        name = "write",
        description = {
            "Writes to the log and says whether the write is durable: TRUE, FALSE or UNKNOWN.",
            "Exit code 0 means that every write is TRUE."
        },
        footer = {
            "",
            "Examples:",
            "  forelog write 'hello'",
            "  forelog write --delay PT3S --key k1 'in three seconds'",
            "  forelog write -n orders --target hook --header x-tenant=a -f order.json",
            "  forelog write --count 1000 --key 'user-{n}' 'write number {n}'"
        })
final class WriteCommand extends NamespaceCommand {
    private static final int IN_FLIGHT_MAX = 64;
    private static final Duration LIMIT = Duration.ofSeconds(10);
    /** How long many writes go on with none of them taken. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final long OVERLOAD_PAUSE_MILLIS = 20;

    @Parameters(
            arity = "0..1",
            paramLabel = "PAYLOAD",
            description = "The payload; without it, --file or standard input. A delete or touch needs none.")
    private @Nullable String text;

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "The payload's file; - is standard input.")
    private @Nullable String file;

    @Option(names = "--delay", paramLabel = "DURATION", description = "Not delivered before, e.g. PT3S.")
    private Duration delay = Duration.ZERO;

    @Option(names = "--jitter", paramLabel = "DURATION", description = "A random addition to the delay, up to this.")
    private Duration jitter = Duration.ZERO;

    @Option(names = "--ttl", paramLabel = "DURATION", description = "Not delivered later than this after it was due.")
    private Duration timeToLive = Duration.ZERO;

    @Option(
            names = "--target",
            paramLabel = "NAME",
            description = "A target of the namespace (default: its default targets).")
    private String target = "";

    @Option(names = "--destination", paramLabel = "PLACE", description = "A place within the target that it allows.")
    private String destination = "";

    @Option(names = "--key", paramLabel = "KEY", description = "The key of the data; {n} counts with --count.")
    private String key = "";

    @Option(names = "--operation", paramLabel = "OP", description = "put, delete or touch.")
    private Operation operation = Operation.PUT;

    @Option(names = "--priority", paramLabel = "P", description = "critical, degraded, best_effort or bulk.")
    private @Nullable Priority priority;

    @Option(
            names = "--token",
            paramLabel = "TOKEN",
            description = "Idempotency token: a repeated write is the same write.")
    private String token = "";

    @Option(names = "--header", paramLabel = "NAME=VALUE", description = "Carried to the target; repeatable.")
    private Map<String, String> headers = new LinkedHashMap<>();

    @Option(names = "--attribute", paramLabel = "NAME=VALUE", description = "Read by the target; repeatable.")
    private Map<String, String> attributes = new LinkedHashMap<>();

    @Option(
            names = "--count",
            paramLabel = "N",
            description =
                    "So many alike; {n} in payload and key counts from 1. Where the node has too much, it slows down.")
    private int count = 1;

    @Option(names = "--grpc", description = "Over gRPC instead of HTTP.")
    private boolean grpc;

    @Option(names = "--http", description = "Over HTTP, the default.")
    private boolean http;

    /** A write on its way, and which of them it is. */
    private record Open(int number, CompletableFuture<WriteAnswer> answer) {}

    /** What came of them. */
    private static final class Counts {
        private int asTrue;
        private int asFalse;
        private int asUnknown;
        private String firstRefusal = "";
        private @Nullable WriteAnswer last;

        synchronized void add(WriteAnswer answer) {
            switch (answer.durable()) {
                case TRUE -> asTrue++;
                case FALSE -> asFalse++;
                case UNKNOWN -> asUnknown++;
            }
            if (answer.durable() != Durable.TRUE && firstRefusal.isEmpty()) {
                firstRefusal = answer.message();
            }
            last = answer;
        }

        synchronized String soFar(int count) {
            int rest = count - all();
            return "interrupted: " + asTrue + " TRUE, " + asFalse + " FALSE, " + asUnknown + " UNKNOWN; of the other "
                    + rest + " some may have been written";
        }

        int all() {
            return asTrue + asFalse + asUnknown;
        }
    }

    @Override
    int run(ManagementClient client, Console console) {
        if (count < 1 || (grpc && http)) {
            throw new ParameterException(
                    spec().commandLine(),
                    count < 1 ? "--count: " + count + " (expected: >= 1)" : "--grpc or --http, not both");
        }
        Write write = new Write(
                namespace(),
                payload(),
                delay,
                jitter,
                timeToLive,
                target,
                destination,
                key,
                operation,
                priority,
                attributes,
                headers,
                token);
        Counts counts = grpc ? overGrpc(write, console) : overHttp(write, console);
        return tell(counts, console);
    }

    private byte[] payload() {
        try {
            if (text != null) {
                if (file != null) {
                    throw new ParameterException(spec().commandLine(), "a payload or --file, not both");
                }
                return text.getBytes(StandardCharsets.UTF_8);
            }
            if (file == null && operation != Operation.PUT) {
                return new byte[0]; // a deletion or a touch needs none
            }
            return file == null || file.equals("-") ? System.in.readAllBytes() : Files.readAllBytes(Path.of(file));
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException("--file: " + file + ": no such file", e);
        } catch (IOException e) {
            String from = file == null || file.equals("-") ? "standard input" : "--file: " + file;
            throw new UncheckedIOException(from + ": can't be read: " + e.getMessage() + " (expected: the payload)", e);
        }
    }

    private Counts overHttp(Write write, Console console) {
        String url = node().url()
                .map(given -> given.contains("://") ? given : "http://" + given)
                .orElseGet(() ->
                        node().scheme(System.getenv()) + "127.0.0.1:" + node().port("http", 8080, System.getenv()));
        uri(url, "http://HOST:PORT");
        try (WriteClient client = new HttpWriteClient(url, LIMIT)) {
            return writeAll(client, write, console);
        }
    }

    private Counts overGrpc(Write write, Console console) {
        String address = node().url().orElseGet(() -> "127.0.0.1:" + node().port("grpc", 9090, System.getenv()));
        URI uri = uri(address.contains("://") ? address : "grpc://" + address, "HOST:PORT");
        Vertx vertx = Vertx.vertx();
        int port = uri.getPort() < 0 ? 9090 : uri.getPort();
        boolean tls = List.of("grpcs", "https").contains(uri.getScheme())
                || node().url().isEmpty() && node().scheme(System.getenv()).startsWith("https");
        try (WriteClient client = new GrpcWriteClient(vertx, uri.getHost(), port, tls, LIMIT)) {
            return writeAll(client, write, console);
        } finally {
            vertx.close().await();
        }
    }

    private URI uri(String address, String expected) {
        try {
            URI uri = URI.create(address);
            if (uri.getHost() != null) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // told below
        }
        throw new ParameterException(spec().commandLine(), "--url: '" + address + "' (expected: " + expected + ")");
    }

    @SuppressWarnings("try") // the resource only has to be open
    private Counts writeAll(WriteClient client, Write write, Console console) {
        Counts counts = new Counts();
        Deque<Open> open = new ArrayDeque<>();
        String payload = count > 1 ? new String(write.payload(), StandardCharsets.ISO_8859_1) : "";
        try (Progress progress = console.progress("writing");
                IfInterrupted told = new IfInterrupted(console, () -> counts.soFar(count))) {
            IntFunction<Open> writing = n -> new Open(
                    n,
                    client.write(count == 1 ? write : numbered(write, payload, n))
                            .toCompletableFuture());
            long until = System.nanoTime() + PATIENCE.toNanos();
            int window = IN_FLIGHT_MAX;
            int next = 1;
            while (next <= count || !open.isEmpty()) {
                if (open.size() >= window || next > count) {
                    Open first = open.remove();
                    WriteAnswer answer = join(first.answer());
                    if (count > 1 && isOverload(answer) && System.nanoTime() < until) {
                        window = Math.max(1, open.size() / 2);
                        pause();
                        open.add(writing.apply(first.number()));
                    } else {
                        counts.add(answer);
                        until = System.nanoTime() + PATIENCE.toNanos();
                        progress.show(counts.all(), count > 1 ? count : 0, "");
                    }
                } else {
                    open.add(writing.apply(next++));
                }
            }
        }
        return counts;
    }

    /** In no queue, for certain, because there were too many at a time: many writes go on with fewer. */
    private static boolean isOverload(WriteAnswer answer) {
        return answer.durable() == Durable.FALSE && answer.message().startsWith(ErrorCode.OVERLOADED.name());
    }

    private static void pause() {
        try {
            Thread.sleep(OVERLOAD_PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Write numbered(Write write, String payload, int number) {
        String text = Integer.toString(number);
        return write.with(
                payload.replace("{n}", text).getBytes(StandardCharsets.ISO_8859_1),
                write.key().replace("{n}", text));
    }

    private static WriteAnswer join(CompletableFuture<WriteAnswer> write) {
        try {
            return write.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private int tell(Counts counts, Console console) {
        WriteAnswer last = counts.last;
        if (console.json()) {
            JsonObject json = count == 1 && last != null
                    ? new JsonObject()
                            .put("durable", last.durable().name())
                            .put("message", last.message())
                            .put("entry_id", last.entryId())
                            .put("receipt", last.receipt())
                    : new JsonObject()
                            .put("true", counts.asTrue)
                            .put("false", counts.asFalse)
                            .put("unknown", counts.asUnknown)
                            .put("message", counts.firstRefusal);
            console.print(json);
        } else if (count == 1 && last != null) {
            console.print(
                    new Table("durable", "entry", "receipt", "message")
                            .row(last.durable(), last.entryId(), last.receipt(), last.message()),
                    "");
        } else {
            console.print(
                    new Table("true", "false", "unknown", "first refusal")
                            .row(counts.asTrue, counts.asFalse, counts.asUnknown, counts.firstRefusal),
                    "");
        }
        return counts.asTrue == count ? 0 : 1;
    }
}
