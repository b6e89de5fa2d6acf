package io.forelog.config;

import io.forelog.config.StoredDocument.Action;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node would say of documents in files, as far as they alone tell: nothing is stored, nobody is asked. Stateless, any
 * thread; blocks.
 */
public final class DocumentCheck {
    private DocumentCheck() {}

    /**
     * One document.
     *
     * @param problems empty = a node with this configuration takes it
     * @param remarks what of it does nothing, or more than it seems
     */
    public record Checked(String namespace, Path file, List<String> problems, List<String> remarks) {}

    /** A file's, or those of a directory by namespace; fails with INVALID_ARGUMENT where there is nothing to read. */
    public static List<Checked> check(Path path, DocumentParser parser) throws IOException {
        if (Files.isDirectory(path)) {
            return new DocumentFiles(path)
                    .look().documents().values().stream()
                            .map(found -> check(found, parser))
                            .toList();
        }
        DocumentFiles.@Nullable Found found = new DocumentFiles(path).one(path);
        if (found == null) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT, path + ": no such file (expected: a document, or a directory of them)");
        }
        return List.of(check(found, parser));
    }

    private static Checked check(DocumentFiles.Found found, DocumentParser parser) {
        String name = found.namespace();
        StoredDocument.Read read =
                new StoredDocument(name, 0, 0, "", "", Action.PUT, found.text(), found.source()).read();
        if (!read.problems().isEmpty()) {
            return new Checked(name, found.file(), read.problems(), List.of());
        }
        DocumentParser.Parsed parsed = parser.parse(name, read.values());
        NamespaceDocument document = parsed.document();
        return new Checked(name, found.file(), parsed.problems(), document == null ? List.of() : Remarks.of(document));
    }
}
