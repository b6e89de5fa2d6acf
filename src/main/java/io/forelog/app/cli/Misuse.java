package io.forelog.app.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Tells what was wrong with the words of a command in a line or two on standard error, not under a page of help, and ends with code 2.
 * A command that holds others lists them. Stateless.
 */
final class Misuse implements CommandLine.IParameterExceptionHandler {
    @Override
    public int handleParseException(ParameterException misuse, String[] words) {
        CommandLine line = misuse.getCommandLine();
        PrintWriter err = line.getErr();
        err.println(text(misuse, line));
        UnmatchedArgumentException.printSuggestions(misuse, err);
        if (line.getSubcommands().isEmpty()) {
            err.println("See " + line.getCommandSpec().qualifiedName() + " --help");
        } else {
            line.usage(err);
        }
        err.flush();
        return line.getCommandSpec().exitCodeOnInvalidInput();
    }

    private static String text(ParameterException misuse, CommandLine line) {
        if (misuse instanceof UnmatchedArgumentException unmatched
                && !unmatched.isUnknownOption()
                && !line.getSubcommands().isEmpty()) {
            return unmatched.getUnmatched().get(0) + ": no such command (expected: one of those below)";
        }
        return String.valueOf(misuse.getMessage()).replace("option option", "option"); // picocli's slip
    }
}
