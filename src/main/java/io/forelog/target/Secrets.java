package io.forelog.target;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Reads what a configured reference to a secret stands for. No failure tells more of it than its reference. Stateless, any thread. */
public final class Secrets {
    private Secrets() {}

    /** {@code file:PATH} or {@code env:NAME}, both without white space around; empty stays empty. */
    public static Future<String> resolve(Vertx vertx, String reference) {
        return resolve(vertx, reference, System::getenv);
    }

    /** As {@link #resolve}; fails where it can't be the value of a header, because clients then print it with their refusal. */
    public static Future<String> resolveForHeader(Vertx vertx, String reference) {
        return resolveForHeader(vertx, reference, System::getenv);
    }

    static Future<String> resolveForHeader(Vertx vertx, String reference, UnaryOperator<@Nullable String> environment) {
        return resolve(vertx, reference, environment)
                .compose(secret -> Words.ascii(secret).equals(secret)
                        ? Future.succeededFuture(secret)
                        : refused(
                                reference, "can't be a header's value (expected: holds printable ASCII, on one line)"));
    }

    static Future<String> resolve(Vertx vertx, String reference, UnaryOperator<@Nullable String> environment) {
        if (reference.isEmpty()) {
            return Future.succeededFuture("");
        }
        if (reference.startsWith("file:")) {
            String path = reference.substring("file:".length());
            return vertx.fileSystem()
                    .readFile(path)
                    .map(content -> content.toString().strip())
                    .recover(failure -> refused(reference, failure.getMessage() + " (expected: a readable file)"));
        }
        String value = reference.startsWith("env:") ? environment.apply(reference.substring("env:".length())) : null;
        return value != null
                ? Future.succeededFuture(value.strip())
                : refused(reference, "nothing there (expected: file:PATH or env:NAME)");
    }

    private static Future<String> refused(String reference, String problem) {
        return Future.failedFuture(new WalException(ErrorCode.INVALID_ARGUMENT, reference + ": " + problem));
    }
}
