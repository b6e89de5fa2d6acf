package io.forelog.config;

import io.forelog.model.WalException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of a directory of documents: reads again only what changed by time, size or identity. Blocks: owned by the
 * store's worker thread. At most {@value #FILES_MAX} files.
 */
final class DocumentFiles {
    static final int FILES_MAX = 10_000;
    private static final List<String> SUFFIXES = List.of(".yaml", ".yml", ".json");

    private final Path directory;
    private final Map<String, Read> known = new HashMap<>();
    private final Map<String, String> names = new HashMap<>();

    /** One file's document. {@code source}: the file's name; {@code disputed}: another file gives the namespace too. */
    record Found(String namespace, Path file, String source, String text, boolean disputed) {}

    /** {@code problem}: why the directory can't be read; empty where it can. */
    record Seen(String problem, Map<String, Found> documents) {}

    private record Read(long modified, long size, @Nullable Object key, String text, String namespace) {}

    DocumentFiles(Path directory) {
        this.directory = directory;
    }

    /** A file's namespace as it was when it could be read last: a broken file must not look like a removed namespace. */
    void remember(StoredDocument document) {
        if (!document.source().isEmpty()) {
            names.put(document.source(), document.namespace());
        }
    }

    Path pathFor(String namespace, String text) {
        return directory.resolve(namespace + (text.stripLeading().startsWith("{") ? ".json" : ".yaml"));
    }

    Seen look() throws IOException {
        if (!Files.isDirectory(directory)) {
            return new Seen(directory + ": no such directory (expected: a directory of namespace documents)", Map.of());
        }
        Map<String, Path> files = new TreeMap<>();
        try (Stream<Path> all = Files.list(directory)) {
            all.filter(DocumentFiles::isDocument)
                    .limit(FILES_MAX)
                    .forEach(file -> files.put(String.valueOf(file.getFileName()), file));
        }
        known.keySet().retainAll(files.keySet());
        Map<String, Found> documents = new TreeMap<>();
        for (Map.Entry<String, Path> file : files.entrySet()) {
            Found found = one(file.getValue());
            Found other = found == null ? null : documents.putIfAbsent(found.namespace(), found);
            if (found != null && other != null) {
                documents.put(found.namespace(), twice(other, found));
            }
        }
        return new Seen("", documents);
    }

    /** Null where it is gone again. */
    @Nullable
    Found one(Path file) throws IOException {
        String name = String.valueOf(file.getFileName());
        Read read = read(name, file);
        return read == null ? null : new Found(read.namespace(), file, name, read.text(), false);
    }

    private static boolean isDocument(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        return !name.startsWith(".") && SUFFIXES.stream().anyMatch(name::endsWith) && Files.isRegularFile(file);
    }

    /** Null where it is gone again. */
    private @Nullable Read read(String name, Path file) throws IOException {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            long modified = now.lastModifiedTime().toMillis();
            Read before = known.get(name);
            boolean settled = System.currentTimeMillis() - modified > 2_000;
            if (settled
                    && before != null
                    && before.modified() == modified
                    && before.size() == now.size()
                    && java.util.Objects.equals(before.key(), now.fileKey())) {
                return before;
            }
            String text = now.size() > 4L * DocumentText.CHARACTERS_MAX
                    ? "too large: " + now.size() + " bytes"
                    : Files.readString(file);
            Read read = new Read(modified, now.size(), now.fileKey(), text, namespace(name, text));
            known.put(name, read);
            return read;
        } catch (java.nio.file.NoSuchFileException e) {
            return null;
        } catch (CharacterCodingException e) {
            String text = "not UTF-8";
            return new Read(0, 0, null, text, namespace(name, text));
        }
    }

    /** What the document says, else what it said last, else the file's name. */
    private String namespace(String name, String text) {
        int dot = name.lastIndexOf('.');
        String fallback = dot < 0 ? name : name.substring(0, dot);
        try {
            Object said = DocumentText.parse(text).get("namespace");
            String namespace = said instanceof String own
                            && DocumentParser.NAME.matcher(own).matches()
                    ? own
                    : fallback;
            names.put(name, namespace);
            return namespace;
        } catch (WalException e) {
            return names.getOrDefault(name, fallback);
        }
    }

    /** A text that can only be refused, and says why. */
    private static Found twice(Found one, Found other) {
        return new Found(
                one.namespace(),
                one.file(),
                one.source(),
                "namespace: 'given by both " + (one.source() + " and " + other.source()).replace("'", "''") + "'\n",
                true);
    }
}
