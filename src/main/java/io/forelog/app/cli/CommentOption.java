package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import picocli.CommandLine.Option;

/** Why a document is changed: kept with its revision. */
final class CommentOption {
    @Option(
            names = {"-m", "--comment"},
            paramLabel = "TEXT",
            description = "Why; shown by namespace history.")
    private String comment = "";

    /** To be put behind other parameters of the query. */
    String query() {
        return comment.isEmpty() ? "" : "&comment=" + ManagementClient.encode(comment);
    }
}
