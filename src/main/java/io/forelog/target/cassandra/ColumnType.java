package io.forelog.target.cassandra;

import com.datastax.oss.driver.api.core.cql.BoundStatementBuilder;
import com.datastax.oss.driver.api.core.data.CqlDuration;
import com.datastax.oss.driver.api.core.type.DataType;
import com.datastax.oss.protocol.internal.ProtocolConstants;
import io.forelog.target.ExactValue;
import io.forelog.target.Parameter;
import io.netty.util.NetUtil;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** How a value is bound to a marker of one type, exactly or not at all. Stateless, any thread. */
enum ColumnType {
    TEXT("text", (to, at, value) -> to.setString(at, ExactValue.text(value))),
    BLOB(
            "bytes",
            (to, at, value) ->
                    to.setByteBuffer(at, ByteBuffer.wrap(ExactValue.bytes(value).getBytes()))),
    BOOLEAN("true or false", (to, at, value) -> to.setBoolean(at, ExactValue.flag(value))),
    TINYINT(
            "a whole number of 8 bits",
            (to, at, value) -> to.setByte(at, ExactValue.decimal(value).byteValueExact())),
    SMALLINT(
            "a whole number of 16 bits",
            (to, at, value) -> to.setShort(at, ExactValue.decimal(value).shortValueExact())),
    INT(
            "a whole number of 32 bits",
            (to, at, value) -> to.setInt(at, ExactValue.decimal(value).intValueExact())),
    BIGINT("a whole number of 64 bits", (to, at, value) -> to.setLong(at, ExactValue.number(value))),
    VARINT("a whole number", (to, at, value) -> to.setBigInteger(at, whole(ExactValue.decimal(value)))),
    DECIMAL("a number", (to, at, value) -> to.setBigDecimal(at, ExactValue.decimal(value))),
    FLOAT("a number within the range of a float", (to, at, value) -> to.setFloat(at, ExactValue.single(value))),
    DOUBLE("a number within the range of a double", (to, at, value) -> to.setDouble(at, ExactValue.real(value))),
    UUID("a UUID", (to, at, value) -> to.setUuid(at, ExactValue.uuid(value))),
    TIMESTAMP(
            "a time with its offset such as 2027-01-31T12:00:00Z",
            (to, at, value) -> to.setInstant(at, ExactValue.time(value).toInstant())),
    DATE("a date such as 2027-01-31", (to, at, value) -> to.setLocalDate(at, ExactValue.date(value))),
    TIME("a time of day such as 12:00:00", (to, at, value) -> to.setLocalTime(at, ExactValue.timeOfDay(value))),
    DURATION(
            "a duration such as 1d12h",
            (to, at, value) -> to.setCqlDuration(at, CqlDuration.from(ExactValue.text(value)))),
    INET("an IP address", (to, at, value) -> to.setInetAddress(at, address(ExactValue.text(value))));

    /** A number written short must not become a long one. */
    private static final int DIGITS_MAX = 10_000;

    private final String expected;
    private final Binding binding;

    private interface Binding {
        BoundStatementBuilder bind(BoundStatementBuilder to, int at, Object value);
    }

    ColumnType(String expected, Binding binding) {
        this.expected = expected;
        this.binding = binding;
    }

    /** Null where a value can't be bound but by way of {@code fromJson()}. */
    static @Nullable ColumnType of(DataType type) {
        return switch (type.getProtocolCode()) {
            case ProtocolConstants.DataType.ASCII, ProtocolConstants.DataType.VARCHAR -> TEXT;
            case ProtocolConstants.DataType.BLOB -> BLOB;
            case ProtocolConstants.DataType.BOOLEAN -> BOOLEAN;
            case ProtocolConstants.DataType.TINYINT -> TINYINT;
            case ProtocolConstants.DataType.SMALLINT -> SMALLINT;
            case ProtocolConstants.DataType.INT -> INT;
            case ProtocolConstants.DataType.BIGINT, ProtocolConstants.DataType.COUNTER -> BIGINT;
            case ProtocolConstants.DataType.VARINT -> VARINT;
            case ProtocolConstants.DataType.DECIMAL -> DECIMAL;
            case ProtocolConstants.DataType.FLOAT -> FLOAT;
            case ProtocolConstants.DataType.DOUBLE -> DOUBLE;
            case ProtocolConstants.DataType.UUID, ProtocolConstants.DataType.TIMEUUID -> UUID;
            case ProtocolConstants.DataType.TIMESTAMP -> TIMESTAMP;
            case ProtocolConstants.DataType.DATE -> DATE;
            case ProtocolConstants.DataType.TIME -> TIME;
            case ProtocolConstants.DataType.DURATION -> DURATION;
            case ProtocolConstants.DataType.INET -> INET;
            default -> null;
        };
    }

    /** @throws io.forelog.model.WalException TARGET_REJECTED where {@code value} is not of this type */
    BoundStatementBuilder bind(BoundStatementBuilder to, int at, Parameter parameter, Object value) {
        return ExactValue.of(parameter, value, expected, given -> binding.bind(to, at, given));
    }

    private static BigInteger whole(BigDecimal number) {
        if ((long) number.precision() - number.scale() > DIGITS_MAX) {
            throw new ArithmeticException();
        }
        return number.toBigIntegerExact();
    }

    private static InetAddress address(String text) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
        if (bytes == null) {
            throw new IllegalArgumentException();
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
