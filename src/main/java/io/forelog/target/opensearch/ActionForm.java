package io.forelog.target.opensearch;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.WalException;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Makes the lines of a bulk request: an action, and with what is indexed the document. Immutable, any thread. */
final class ActionForm {
    /** The server's own limit; an id that is longer would be refused with the whole request. */
    private static final int ID_BYTES_MAX = 512;

    private static final JsonStringEncoder JSON = JsonStringEncoder.getInstance();
    private static final byte[] INDEX = ascii("{\"index\":{\"_index\":\"");
    private static final byte[] DELETE = ascii("{\"delete\":{\"_index\":\"");
    private static final byte[] ID = ascii("\",\"_id\":\"");
    private static final byte[] ROUTING = ascii("\",\"routing\":\"");
    private static final byte[] VERSION = ascii("\",\"version\":");
    private static final byte[] END = ascii(",\"version_type\":\"external\"}}\n");

    private final DocumentValue index;
    /** Where the index is the same for all: its name as it goes out. */
    private final byte @Nullable [] oneIndex;

    private final DocumentValue id;
    private final @Nullable DocumentValue routing;
    private final String destination;
    /** With it a deletion is a document that says so. */
    private final byte @Nullable [] deletion;

    /**
     * @param index a {@link io.forelog.target.KeyTemplate}'s text
     * @param destination of an entry that names none
     * @param deletedField true in the document that a DELETE leaves; empty = it leaves none
     */
    ActionForm(
            String index, DocumentValue id, @Nullable DocumentValue routing, String destination, String deletedField) {
        this.index = DocumentValue.template("index", index);
        this.oneIndex = index.contains("{") ? null : quoted(index);
        this.id = id;
        this.routing = routing;
        this.destination = destination;
        this.deletion = deletedField.isEmpty()
                ? null
                : Buffer.buffer("{\"")
                        .appendBytes(quoted(deletedField))
                        .appendString("\":true}")
                        .getBytes();
    }

    /** @throws WalException TARGET_REJECTED, with {@code lines} as they were */
    void append(Buffer lines, Entry entry, long version) {
        boolean put = entry.operation() == Operation.PUT;
        if (!put && entry.operation() != Operation.DELETE) {
            throw new WalException(
                    ErrorCode.TARGET_REJECTED,
                    "operation " + entry.operation() + ": not here (expected: PUT or DELETE)");
        }
        byte[] payload = entry.payload().getBytes();
        byte[] source = put ? payload : deletion;
        JsonNode document = wantsDocument() ? Documents.tree(payload) : null;
        String to = entry.destination().isEmpty() ? destination : entry.destination();
        byte[] indexed = oneIndex != null ? oneIndex : quoted(index.of(entry, to, document));
        byte[] named = quoted(checked(id.of(entry, to, document)));
        byte[] routed = routing == null ? null : quoted(routing.of(entry, to, document));
        if (put) {
            Documents.check(payload);
        }
        lines.appendBytes(source != null ? INDEX : DELETE)
                .appendBytes(indexed)
                .appendBytes(ID)
                .appendBytes(named);
        if (routed != null) {
            lines.appendBytes(ROUTING).appendBytes(routed);
        }
        lines.appendBytes(VERSION).appendString(Long.toString(version)).appendBytes(END);
        if (source != null) {
            lines.appendBytes(source).appendByte((byte) '\n');
        }
    }

    private boolean wantsDocument() {
        return id.wantsDocument() || routing != null && routing.wantsDocument();
    }

    private static String checked(String id) {
        if (id.length() > ID_BYTES_MAX / 3 && id.getBytes(StandardCharsets.UTF_8).length > ID_BYTES_MAX) {
            throw new WalException(
                    ErrorCode.TARGET_REJECTED,
                    "id: " + id.getBytes(StandardCharsets.UTF_8).length + " bytes (expected: at most " + ID_BYTES_MAX
                            + ")");
        }
        return id;
    }

    private static byte[] quoted(String text) {
        return JSON.quoteAsUTF8(text);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
