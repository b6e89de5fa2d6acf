package io.forelog.target;

import com.fasterxml.jackson.databind.JsonNode;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.buffer.Buffer;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.UUID;
import java.util.function.Function;

/** Makes a parameter's value one of the type that a server wants, exactly (of floats: the nearest) or not at all. Stateless, any thread. */
public final class ExactValue {
    private ExactValue() {}

    /**
     * What {@code conversion} makes of {@code value}.
     *
     * @param expected said where it can't
     * @throws WalException TARGET_REJECTED, with the parameter and the value's kind
     */
    public static <T> T of(Parameter parameter, Object value, String expected, Function<Object, T> conversion) {
        try {
            return conversion.apply(value);
        } catch (IllegalArgumentException | ArithmeticException | DateTimeException e) {
            throw new WalException(
                    ErrorCode.TARGET_REJECTED,
                    parameter + ": " + kind(value) + " that does not fit (expected: " + expected + ")");
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

    /** Never toPlainString: 1E+999999999 is a megabyte of zeros a thousand times over. */
    public static String text(Object value) {
        return value instanceof Buffer bytes ? Payloads.text(bytes, "a value") : value.toString();
    }

    public static Buffer bytes(Object value) {
        return value instanceof Buffer bytes ? bytes : Buffer.buffer(value.toString());
    }

    public static Boolean flag(Object value) {
        if (value instanceof Boolean flag) {
            return flag;
        }
        return switch (text(value)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException();
        };
    }

    public static BigDecimal decimal(Object value) {
        if (value instanceof BigDecimal number) {
            return number;
        }
        if (value instanceof Long || value instanceof Integer || value instanceof Short) {
            return BigDecimal.valueOf(((Number) value).longValue());
        }
        return value instanceof BigInteger whole ? new BigDecimal(whole) : new BigDecimal(text(value));
    }

    public static Long number(Object value) {
        return value instanceof Long number
                ? number
                : Long.valueOf(decimal(value).longValueExact());
    }

    /** The nearest one; not an infinity, but where the value is the text that says so. */
    public static Float single(Object value) {
        if (value instanceof Float number) {
            return number;
        }
        Float nearest = Float.valueOf(text(value));
        refuseOverflow(nearest.isInfinite(), value);
        return nearest;
    }

    /** As {@link #single}. */
    public static Double real(Object value) {
        if (value instanceof Double number) {
            return number;
        }
        Double nearest = Double.valueOf(text(value));
        refuseOverflow(nearest.isInfinite(), value);
        return nearest;
    }

    private static void refuseOverflow(boolean infinite, Object value) {
        if (infinite && !text(value).endsWith("Infinity")) {
            throw new ArithmeticException("out of range");
        }
    }

    public static UUID uuid(Object value) {
        return value instanceof UUID uuid ? uuid : UUID.fromString(text(value));
    }

    public static OffsetDateTime time(Object value) {
        return value instanceof OffsetDateTime time ? time : OffsetDateTime.parse(text(value));
    }

    public static LocalDate date(Object value) {
        return value instanceof LocalDate date ? date : LocalDate.parse(text(value));
    }

    public static LocalTime timeOfDay(Object value) {
        return value instanceof LocalTime time ? time : LocalTime.parse(text(value));
    }
}
