package io.forelog.target;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;

/** Reads what a configured reference to a secret stands for. Stateless, any thread. */
public final class Secrets {
    private Secrets() {}

    /** {@code file:PATH} (without white space around its content) or {@code env:NAME}; empty stays empty. */
    public static Future<String> resolve(Vertx vertx, String reference) {
        if (reference.isEmpty()) {
            return Future.succeededFuture("");
        }
        if (reference.startsWith("file:")) {
            String path = reference.substring("file:".length());
            return vertx.fileSystem()
                    .readFile(path)
                    .map(content -> content.toString().strip())
                    .recover(failure -> Future.failedFuture(new WalException(
                            ErrorCode.INVALID_ARGUMENT,
                            reference + ": " + failure.getMessage() + " (expected: a readable file)")));
        }
        String value = reference.startsWith("env:") ? System.getenv(reference.substring("env:".length())) : null;
        return value != null
                ? Future.succeededFuture(value)
                : Future.failedFuture(new WalException(
                        ErrorCode.INVALID_ARGUMENT, reference + ": nothing there (expected: file:PATH or env:NAME)"));
    }
}
