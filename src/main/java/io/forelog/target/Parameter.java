package io.forelog.target;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.IdempotencyToken;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A named parameter of a statement: which value of a delivery it stands for. Immutable.
 *
 * @param argument of {@code :json(…)}, {@code :header(…)}, {@code :attribute(…)}; else empty
 * @param pointer of {@code :json(…)}; else the whole document's
 */
public record Parameter(Kind kind, String argument, JsonPointer pointer) {
    /** The names there are. */
    public enum Kind {
        KEY(false),
        PAYLOAD(false),
        PAYLOAD_TEXT(false),
        JSON(true),
        HEADER(true),
        ATTRIBUTE(true),
        DESTINATION(false),
        NAMESPACE(false),
        ENTRY_ID(false),
        TOKEN(false),
        VERSION(false),
        DUE(false),
        TTL(false);

        private final boolean argument;

        Kind(boolean argument) {
            this.argument = argument;
        }

        public boolean takesArgument() {
            return argument;
        }

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        String shown() {
            return ":" + word() + (this == JSON ? "(/pointer)" : argument ? "(name)" : "");
        }
    }

    /** Null where there is none of that name. */
    public static @Nullable Kind kind(String word) {
        for (Kind kind : Kind.values()) {
            if (kind.word().equals(word)) {
                return kind;
            }
        }
        return null;
    }

    /** @throws IllegalArgumentException where {@code argument} is no JSON pointer, or no name */
    public static Parameter of(Kind kind, String argument) {
        if (kind == Kind.JSON) {
            return new Parameter(kind, argument, JsonPointer.compile(argument));
        }
        if (kind.takesArgument() && argument.isBlank()) {
            throw new IllegalArgumentException("empty");
        }
        String name = kind == Kind.HEADER ? argument.toLowerCase(Locale.ROOT) : argument;
        return new Parameter(kind, name, JsonPointer.empty());
    }

    /**
     * Null where the delivery has none.
     *
     * @param document the payload, where one of the statement's parameters wants it as JSON
     * @param destination of an entry that names none
     * @param ttlSeconds until the item ends; null where it does not, or where the template can't ask
     * @throws io.forelog.model.WalException where there is one that can't be used
     */
    public @Nullable Object value(
            Delivery delivery, @Nullable JsonNode document, String destination, @Nullable Integer ttlSeconds) {
        Entry entry = delivery.entry();
        return switch (kind) {
            case KEY -> entry.key().length() == 0 ? null : entry.key();
            case PAYLOAD -> entry.payload();
            case PAYLOAD_TEXT -> Payloads.text(entry.payload(), toString());
            case JSON -> document == null ? null : scalar(document.at(pointer));
            case HEADER -> entry.headers().get(argument);
            case ATTRIBUTE -> entry.attributes().get(argument);
            case DESTINATION -> entry.destination().isEmpty() ? destination : entry.destination();
            case NAMESPACE -> entry.namespace();
            case ENTRY_ID -> new UUID(entry.id().high(), entry.id().low());
            case TOKEN -> token(entry);
            case VERSION -> WriteTime.micros(entry);
            case DUE -> instant(entry.dueMicros());
            case TTL -> ttlSeconds;
        };
    }

    private static @Nullable Object scalar(JsonNode node) {
        if (node.isMissingNode() || node.isNull()) {
            return null;
        }
        if (node.isTextual()) {
            return node.textValue();
        }
        if (node.isNumber()) {
            return node.numberValue();
        }
        return node.isBoolean() ? (Object) node.booleanValue() : node;
    }

    private static String token(Entry entry) {
        IdempotencyToken token = entry.token();
        return token != null ? token.token() : entry.id().toString();
    }

    private static OffsetDateTime instant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS).atOffset(ZoneOffset.UTC);
    }

    /** As it stands in a template. */
    @Override
    public String toString() {
        return ":" + kind.word() + (kind.takesArgument() ? "(" + argument + ")" : "");
    }
}
