package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.WalException;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;

class ExactValueTest {
    private static Double real(Object value) {
        return ExactValue.of(Parameter.of(Parameter.Kind.JSON, "/n"), value, "a number", ExactValue::real);
    }

    private static Float single(Object value) {
        return ExactValue.of(Parameter.of(Parameter.Kind.JSON, "/n"), value, "a number", ExactValue::single);
    }

    @Test
    void floatsAndDoublesAreTheNearest() {
        assertThat(real(new BigDecimal("0.1"))).isEqualTo(0.1);
        assertThat(single(new BigDecimal("0.1"))).isEqualTo(0.1f);
        assertThat(single("1e-400")).isZero();
        assertThat(real("-Infinity")).isEqualTo(Double.NEGATIVE_INFINITY);
    }

    @Test
    void whatIsOutOfRangeIsRejectedAndNotMadeInfinite() {
        assertThatThrownBy(() -> real(new BigDecimal("1e400"))).isInstanceOf(WalException.class);
        assertThatThrownBy(() -> real("-1e400")).isInstanceOf(WalException.class);
        assertThatThrownBy(() -> single(new BigDecimal("1e39"))).isInstanceOf(WalException.class);
        assertThatThrownBy(() -> single(1e39)).isInstanceOf(WalException.class);
    }
}
