package io.forelog.admin;

import io.forelog.model.Ticker;
import io.forelog.observe.LogKeys;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * What administrators did: a log line each, and a JSON line in {@code <data>/audit.log}, written by one worker thread.
 * Bounded: a file of 10 MiB is put aside, five of them are kept, and over {@value #WAITING_MAX} lines waiting for a
 * stuck disk only the log line is left. Any event loop may call.
 */
public final class AuditLog {
    private static final Logger LOG = LoggerFactory.getLogger(AuditLog.class);
    private static final long FILE_BYTES_MAX = 10L * 1024 * 1024;
    private static final int FILES_KEPT = 5;
    private static final int WAITING_MAX = 1_000;

    private final Path file;
    private final Ticker ticker;
    private final long fileBytesMax;
    private final WorkerExecutor writer;
    private final AtomicInteger waiting = new AtomicInteger();

    public AuditLog(Vertx vertx, Path dataDirectory, Ticker ticker) {
        this(vertx, dataDirectory, ticker, FILE_BYTES_MAX);
    }

    AuditLog(Vertx vertx, Path dataDirectory, Ticker ticker, long fileBytesMax) {
        this.file = dataDirectory.resolve("audit.log");
        this.ticker = ticker;
        this.fileBytesMax = fileBytesMax;
        this.writer = vertx.createSharedWorkerExecutor("forelog-audit-log", 1);
    }

    /** {@code namespace} empty = the node. {@code details}: what was asked, never a payload. */
    public void record(String principal, String action, String namespace, JsonObject details) {
        LoggingEventBuilder told =
                LOG.atInfo().addKeyValue(LogKeys.PRINCIPAL, principal).addKeyValue(LogKeys.ACTION, action);
        if (!namespace.isEmpty()) {
            told = told.addKeyValue(LogKeys.NAMESPACE, namespace);
        }
        Object target = details.getValue("target");
        if (target instanceof String name && !name.isEmpty()) {
            told = told.addKeyValue(LogKeys.TARGET, name);
        }
        told.log("administration");
        if (waiting.incrementAndGet() > WAITING_MAX) {
            waiting.decrementAndGet();
            LOG.error("audit.log can't keep up, a line is left out");
            return;
        }
        String line = new JsonObject()
                        .put("at", Times.text(ticker.micros()))
                        .put("principal", principal)
                        .put("action", action)
                        .put("namespace", namespace)
                        .put("details", details)
                        .encode()
                + "\n";
        writer.executeBlocking(() -> append(line), true).onComplete(done -> waiting.decrementAndGet(), failure -> {
            waiting.decrementAndGet();
            LOG.error("audit.log can't be written", failure);
        });
    }

    private boolean append(String line) throws IOException {
        if (Files.exists(file) && Files.size(file) + line.length() > fileBytesMax) {
            for (int i = FILES_KEPT - 1; i >= 1; i--) {
                Path older = numbered(i);
                if (Files.exists(older)) {
                    Files.move(older, numbered(i + 1), StandardCopyOption.REPLACE_EXISTING);
                }
            }
            Files.move(file, numbered(1), StandardCopyOption.REPLACE_EXISTING);
        }
        Files.write(
                file,
                line.getBytes(StandardCharsets.UTF_8),
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND,
                StandardOpenOption.WRITE);
        return true;
    }

    private Path numbered(int number) {
        return file.resolveSibling("audit.log." + number);
    }
}
