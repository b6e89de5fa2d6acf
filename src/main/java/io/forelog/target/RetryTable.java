package io.forelog.target;

import java.util.List;

/** The printed table of a target: what an answer of the server leads to. */
public record RetryTable(List<Row> rows) {
    /**
     * @param answer what the server says, e.g. {@code HTTP 408, 425, 429, 5xx}
     * @param outcome applied, retry, or dead-letter
     */
    public record Row(String answer, String outcome, String remark) {}
}
