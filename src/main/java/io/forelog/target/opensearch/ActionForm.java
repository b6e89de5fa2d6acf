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

/** Makes the lines of a bulk request: an action, and with PUT the document. Immutable, any thread. */
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
    private final DocumentValue id;
    private final @Nullable DocumentValue routing;
    private final String destination;

    /** {@code destination}: of an entry that names none. */
    ActionForm(DocumentValue index, DocumentValue id, @Nullable DocumentValue routing, String destination) {
        this.index = index;
        this.id = id;
        this.routing = routing;
        this.destination = destination;
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
        JsonNode document = wantsDocument() ? Documents.tree(payload) : null;
        String to = entry.destination().isEmpty() ? destination : entry.destination();
        byte[] indexed = quoted(index.of(entry, to, document));
        byte[] named = quoted(checked(id.of(entry, to, document)));
        byte[] routed = routing == null ? null : quoted(routing.of(entry, to, document));
        if (put) {
            Documents.check(payload);
        }
        lines.appendBytes(put ? INDEX : DELETE)
                .appendBytes(indexed)
                .appendBytes(ID)
                .appendBytes(named);
        if (routed != null) {
            lines.appendBytes(ROUTING).appendBytes(routed);
        }
        lines.appendBytes(VERSION).appendString(Long.toString(version)).appendBytes(END);
        if (put) {
            lines.appendBytes(payload).appendByte((byte) '\n');
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
