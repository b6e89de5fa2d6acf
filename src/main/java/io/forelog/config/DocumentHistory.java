package io.forelog.config;

import io.forelog.config.StoredDocument.Action;
import io.forelog.model.ErrorCode;
import io.forelog.model.Folders;
import io.forelog.model.WalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The revisions of all documents, a file each: {@code <directory>/<namespace>/<revision>.json}. Blocks: owned by the store's
 * worker thread. Keeps the last {@link #KEPT} of a namespace.
 */
final class DocumentHistory {
    static final int KEPT = 100;
    private static final String SUFFIX = ".json";

    private final Path directory;
    private final Map<String, StoredDocument> latest = new HashMap<>();

    DocumentHistory(Path directory) throws IOException {
        this.directory = directory;
        Folders.make(directory);
        for (Path folder : list(directory)) {
            List<Long> revisions = revisions(folder);
            if (!revisions.isEmpty()) {
                String namespace = String.valueOf(folder.getFileName());
                latest.put(namespace, load(namespace, revisions.get(revisions.size() - 1)));
            }
        }
    }

    /** Null where there never was one. */
    @Nullable
    StoredDocument latest(String namespace) {
        return latest.get(namespace);
    }

    /** Of every namespace that ever was. */
    Map<String, StoredDocument> latest() {
        return latest;
    }

    long nextRevision(String namespace) {
        StoredDocument last = latest.get(namespace);
        return last == null ? 1 : last.revision() + 1;
    }

    void add(StoredDocument document) throws IOException {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("namespace", document.namespace());
        json.put("revision", document.revision());
        json.put("at_micros", document.atMicros());
        json.put("author", document.author());
        json.put("comment", document.comment());
        json.put("action", document.action().name());
        json.put("source", document.source());
        json.put("text", document.text());
        Path folder = directory.resolve(document.namespace());
        DurableFile.write(folder.resolve(document.revision() + SUFFIX), DocumentText.toJson(json));
        latest.put(document.namespace(), document);
        List<Long> revisions = revisions(folder);
        for (int i = 0; i < revisions.size() - KEPT; i++) {
            Files.deleteIfExists(folder.resolve(revisions.get(i) + SUFFIX));
        }
    }

    /** Newest first. */
    List<StoredDocument> list(String namespace, int limit) throws IOException {
        List<StoredDocument> documents = new ArrayList<>();
        List<Long> revisions = revisions(directory.resolve(namespace));
        for (int i = revisions.size() - 1; i >= 0 && documents.size() < limit; i--) {
            documents.add(load(namespace, revisions.get(i)));
        }
        return documents;
    }

    StoredDocument load(String namespace, long revision) throws IOException {
        Path file = directory.resolve(namespace).resolve(revision + SUFFIX);
        if (!DocumentParser.NAME.matcher(namespace).matches() || !Files.exists(file)) {
            throw new WalException(
                    ErrorCode.NOT_FOUND,
                    "revision " + revision + " of " + namespace + " is not kept (expected: one of the last " + KEPT
                            + ")");
        }
        Map<String, Object> json = DocumentText.parse(Files.readString(file));
        return new StoredDocument(
                namespace,
                revision,
                json.get("at_micros") instanceof Number at ? at.longValue() : 0,
                String.valueOf(json.get("author")),
                String.valueOf(json.get("comment")),
                Action.valueOf(String.valueOf(json.get("action"))),
                String.valueOf(json.get("text")),
                String.valueOf(json.get("source")));
    }

    private static List<Long> revisions(Path folder) throws IOException {
        List<Long> revisions = new ArrayList<>();
        for (Path file : list(folder)) {
            String name = String.valueOf(file.getFileName());
            if (name.matches("\\d{1,18}\\.json")) {
                revisions.add(Long.parseLong(name.substring(0, name.length() - SUFFIX.length())));
            }
        }
        revisions.sort(Comparator.naturalOrder());
        return revisions;
    }

    private static List<Path> list(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
