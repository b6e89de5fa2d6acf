package io.forelog.target.postgres;

import com.fasterxml.jackson.databind.JsonNode;
import io.forelog.model.WalException;
import io.forelog.target.ExactValue;
import io.forelog.target.Parameter;
import io.forelog.target.Payloads;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.data.Numeric;
import io.vertx.sqlclient.internal.ArrayTuple;
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
        String name = parameters.get(pos).toString();
        return as(pos, "text", value -> value instanceof Buffer bytes ? Payloads.text(bytes, name) : value.toString());
    }

    @Override
    public @Nullable Buffer getBuffer(int pos) {
        return as(pos, "a bytea", ExactValue::bytes);
    }

    @Override
    public @Nullable Boolean getBoolean(int pos) {
        return as(pos, "true or false", ExactValue::flag);
    }

    @Override
    public @Nullable Short getShort(int pos) {
        return as(
                pos,
                "a whole number of 16 bits",
                value -> ExactValue.decimal(value).shortValueExact());
    }

    @Override
    public @Nullable Integer getInteger(int pos) {
        return as(
                pos,
                "a whole number of 32 bits",
                value -> ExactValue.decimal(value).intValueExact());
    }

    @Override
    public @Nullable Long getLong(int pos) {
        return as(pos, "a whole number of 64 bits", ExactValue::number);
    }

    @Override
    public @Nullable Float getFloat(int pos) {
        return as(pos, "a number within the range of a real", ExactValue::single);
    }

    @Override
    public @Nullable Double getDouble(int pos) {
        return as(pos, "a number within the range of a double precision", ExactValue::real);
    }

    @Override
    public @Nullable Numeric getNumeric(int pos) {
        return as(
                pos,
                "a number",
                value -> value instanceof Numeric number ? number : Numeric.create(ExactValue.decimal(value)));
    }

    @Override
    public @Nullable UUID getUUID(int pos) {
        return as(pos, "a UUID", ExactValue::uuid);
    }

    @Override
    public @Nullable OffsetDateTime getOffsetDateTime(int pos) {
        return as(pos, "a time with its offset such as 2027-01-31T12:00:00Z", ExactValue::time);
    }

    @Override
    public @Nullable LocalDateTime getLocalDateTime(int pos) {
        return as(pos, "a time without an offset such as 2027-01-31T12:00:00", value -> {
            if (value instanceof OffsetDateTime time) {
                return time.withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime();
            }
            return value instanceof LocalDateTime time ? time : LocalDateTime.parse(ExactValue.text(value));
        });
    }

    @Override
    public @Nullable LocalDate getLocalDate(int pos) {
        return as(pos, "a date such as 2027-01-31", ExactValue::date);
    }

    @Override
    public @Nullable LocalTime getLocalTime(int pos) {
        return as(pos, "a time of day such as 12:00:00", ExactValue::timeOfDay);
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
            return ExactValue.of(parameters.get(pos), value, expected + ", or a cast such as ::text", conversion);
        } catch (WalException e) {
            refusal = String.valueOf(e.getMessage());
            throw e;
        }
    }
}
