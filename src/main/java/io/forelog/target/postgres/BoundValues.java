package io.forelog.target.postgres;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.data.Numeric;
import io.vertx.sqlclient.internal.ArrayTuple;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The values of one statement. The server infers the type of every parameter; the client then asks for the value as that
 * type, and here it is made one, exactly or not at all. Used on its adapter's context.
 */
final class BoundValues extends ArrayTuple {
    private final List<Parameter> parameters;
    private @Nullable String refusal;

    BoundValues(List<Parameter> parameters) {
        super(parameters.size());
        this.parameters = parameters;
    }

    /** Why a value can't be of the type that the server wants; null where none was refused. */
    @Nullable
    String refusal() {
        return refusal;
    }

    @Override
    public @Nullable String getString(int pos) {
        return as(pos, "text", value -> {
            if (value instanceof Buffer bytes) {
                return Payloads.text(bytes, parameters.get(pos).toString());
            }
            return value.toString(); // never toPlainString: 1E+999999999 is a megabyte of zeros a thousand times over
        });
    }

    @Override
    public @Nullable Buffer getBuffer(int pos) {
        return as(pos, "a bytea", value -> value instanceof Buffer bytes ? bytes : Buffer.buffer(value.toString()));
    }

    @Override
    public @Nullable Boolean getBoolean(int pos) {
        return as(pos, "true or false", value -> {
            if (value instanceof Boolean flag) {
                return flag;
            }
            return switch (text(value)) {
                case "true" -> true;
                case "false" -> false;
                default -> throw new IllegalArgumentException();
            };
        });
    }

    @Override
    public @Nullable Short getShort(int pos) {
        return as(pos, "a whole number of 16 bits", value -> decimal(value).shortValueExact());
    }

    @Override
    public @Nullable Integer getInteger(int pos) {
        return as(pos, "a whole number of 32 bits", value -> decimal(value).intValueExact());
    }

    @Override
    public @Nullable Long getLong(int pos) {
        return as(
                pos,
                "a whole number of 64 bits",
                value -> value instanceof Long number
                        ? number
                        : Long.valueOf(decimal(value).longValueExact()));
    }

    @Override
    public @Nullable Float getFloat(int pos) {
        return as(pos, "a number", value -> value instanceof Float number ? number : Float.valueOf(text(value)));
    }

    @Override
    public @Nullable Double getDouble(int pos) {
        return as(pos, "a number", value -> value instanceof Double number ? number : Double.valueOf(text(value)));
    }

    @Override
    public @Nullable Numeric getNumeric(int pos) {
        return as(pos, "a number", value -> value instanceof Numeric number ? number : Numeric.create(decimal(value)));
    }

    @Override
    public @Nullable UUID getUUID(int pos) {
        return as(pos, "a UUID", value -> value instanceof UUID uuid ? uuid : UUID.fromString(text(value)));
    }

    @Override
    public @Nullable OffsetDateTime getOffsetDateTime(int pos) {
        return as(
                pos,
                "a time with its offset such as 2027-01-31T12:00:00Z",
                value -> value instanceof OffsetDateTime time ? time : OffsetDateTime.parse(text(value)));
    }

    @Override
    public @Nullable LocalDateTime getLocalDateTime(int pos) {
        return as(pos, "a time without an offset such as 2027-01-31T12:00:00", value -> {
            if (value instanceof OffsetDateTime time) {
                return time.withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime();
            }
            return value instanceof LocalDateTime time ? time : LocalDateTime.parse(text(value));
        });
    }

    @Override
    public @Nullable LocalDate getLocalDate(int pos) {
        return as(
                pos,
                "a date such as 2027-01-31",
                value -> value instanceof LocalDate date ? date : LocalDate.parse(text(value)));
    }

    @Override
    public @Nullable LocalTime getLocalTime(int pos) {
        return as(
                pos,
                "a time of day such as 12:00:00",
                value -> value instanceof LocalTime time ? time : LocalTime.parse(text(value)));
    }

    /** The payload as the document it is, all else as one value of JSON. */
    @Override
    public @Nullable Object getJson(int pos) {
        Parameter parameter = parameters.get(pos);
        boolean document =
                parameter.kind() == Parameter.Kind.PAYLOAD || parameter.kind() == Parameter.Kind.PAYLOAD_TEXT;
        return as(pos, "JSON", value -> {
            if (document && !(value instanceof JsonNode)) {
                Buffer payload = value instanceof Buffer bytes ? bytes : Buffer.buffer(value.toString());
                return Payloads.json(payload, parameter.toString());
            }
            if (value instanceof Buffer bytes) {
                return Payloads.text(bytes, parameter.toString());
            }
            return value instanceof UUID || value instanceof OffsetDateTime ? value.toString() : value;
        });
    }

    private <T> @Nullable T as(int pos, String expected, Function<Object, T> conversion) {
        Object value = getValue(pos);
        if (value == null) {
            return null;
        }
        try {
            return conversion.apply(value);
        } catch (io.forelog.model.WalException e) {
            refusal = String.valueOf(e.getMessage());
            throw e;
        } catch (IllegalArgumentException | ArithmeticException | DateTimeException e) {
            refusal = parameters.get(pos) + ": " + kind(value) + " that does not fit (expected: " + expected
                    + ", or a cast such as ::text)";
            throw e;
        }
    }

    /** The value's kind, never the value: a dead letter's words are seen by more people than its payload. */
    private static String kind(Object value) {
        if (value instanceof Number) {
            return "a number";
        }
        return value instanceof JsonNode
                ? "a JSON object or array"
                : value instanceof Boolean ? "true or false" : value instanceof Buffer ? "bytes" : "a text";
    }

    private String text(Object value) {
        if (value instanceof Buffer bytes) {
            return Payloads.text(bytes, "a value");
        }
        return value.toString();
    }

    private BigDecimal decimal(Object value) {
        if (value instanceof BigDecimal number) {
            return number;
        }
        if (value instanceof Long || value instanceof Integer || value instanceof Short) {
            return BigDecimal.valueOf(((Number) value).longValue());
        }
        return value instanceof BigInteger whole ? new BigDecimal(whole) : new BigDecimal(text(value));
    }
}
