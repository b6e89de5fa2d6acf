package io.forelog.app.cli;

import io.forelog.client.NotListening;
import io.forelog.client.Problem;
import io.forelog.model.WalException;
import java.io.IOException;
import java.io.UncheckedIOException;
import picocli.CommandLine;

/** Tells a failure in a line or two on standard error, without a stack trace, and ends with code 1. Stateless. */
final class Failures implements CommandLine.IExecutionExceptionHandler {
    @Override
    public int handleExecutionException(Exception failure, CommandLine line, CommandLine.ParseResult parsed) {
        line.getErr().println("forelog: " + text(failure));
        line.getErr().flush();
        return 1;
    }

    static String text(Throwable failure) {
        if (failure instanceof Problem problem && problem.problems().size() > 1) {
            return problem.code() + ":\n  " + String.join("\n  ", problem.problems());
        }
        if (failure instanceof WalException wal) {
            return wal.publicMessage();
        }
        if (failure instanceof NotListening || failure instanceof Problem) {
            return String.valueOf(failure.getMessage());
        }
        String message = failure.getMessage();
        if (message != null && (failure.getClass() == IOException.class || failure instanceof UncheckedIOException)) {
            return message;
        }
        return failure.getClass().getSimpleName() + (message == null ? "" : ": " + message);
    }
}
