package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.target.StatementTemplate.Dialect;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StatementTemplateTest {
    @Test
    void numbersEveryParameterOnce() {
        StatementTemplate template = StatementTemplate.parse(
                Dialect.SQL,
                "INSERT INTO t VALUES (:key, :json(/a/b)::int, :header(X-Trace), :key, :json( /a/b ), :due)");
        assertThat(template.text()).isEqualTo("INSERT INTO t VALUES ($1, $2::int, $3, $1, $2, $4)");
        assertThat(template.parameters())
                .extracting(Parameter::toString)
                .containsExactly(":key", ":json(/a/b)", ":header(x-trace)", ":due");
        assertThat(template.readsJson()).isTrue();
    }

    /** What stands here stays as it is. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT ':key', 'it''s :key'",
                "SELECT E'\\':key'",
                "SELECT \":key\"\":due\"",
                "SELECT $$ :key $$, $tag$ $$ :key $$ $tag$",
                "SELECT 1 -- :key\n, 2",
                "SELECT 1 /* :key /* :due */ :key */, 2",
                "SELECT 'x'::text, a[1:2], 1 ::int",
                "SELECT a$1b, true\\:\\"
            })
    void leavesAloneWhatIsNoParameter(String text) {
        StatementTemplate template = StatementTemplate.parse(Dialect.SQL, text);
        assertThat(template.text()).isEqualTo(text);
        assertThat(template.parameters()).isEmpty();
    }

    /** An ordinary text ends at its quote, whatever stands before it. */
    @Test
    void knowsWhichTextsHaveEscapes() {
        assertThat(StatementTemplate.parse(Dialect.SQL, "SELECT '\\', :key").text())
                .isEqualTo("SELECT '\\', $1");
        assertThat(StatementTemplate.parse(Dialect.SQL, "SELECT E'\\'', :key").text())
                .isEqualTo("SELECT E'\\'', $1");
        assertThat(StatementTemplate.parse(Dialect.SQL, "SELECT name'\\', :key").text())
                .isEqualTo("SELECT name'\\', $1");
    }

    @Test
    void aDigitBehindAParameterIsNotPartOfItsNumber() {
        assertThat(StatementTemplate.parse(Dialect.SQL, ":json(/a)5").text()).isEqualTo("$1 5");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT :jsn(/a)|column 8, :jsn|one of :key",
                "SELECT :json|column 8, :json|:json(/pointer)",
                "SELECT :json(a)|column 8, :json(a)|JSON pointer",
                "SELECT :header()|column 8, :header()|a name",
                "SELECT 'a|column 8, '|closing",
                "SELECT \"a|column 8, \"|closing",
                "SELECT /* /* */|column 8, /*|closing */",
                "SELECT $a$ $b$|column 8, $a$|closing $a$",
                "SELECT $1|column 8, $|named parameter"
            },
            quoteCharacter = '`')
    void namesTheColumnTheOffenderAndTheExpectation(String text, String place, String expected) {
        assertThat(StatementTemplate.expectation(Dialect.SQL, text))
                .contains(place)
                .contains(expected);
    }

    private static final List<String> OPAQUE = List.of(
            "':key'",
            "\"a :due\"",
            "$$:key$$",
            "$x$ ' :key $x$",
            "/* ' :key */",
            "--:key '\n",
            "::text",
            "E'\\' :key'");
    private static final List<String> OPEN = List.of(":key", ":payload", ":json(/a~1b)", ":header(h)", ":version");

    /** Whatever stands between them, parameters are found and all else is kept. */
    @Property(tries = 500)
    void findsTheParametersAmongAnythingElse(@ForAll long seed) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        StringBuilder expected = new StringBuilder();
        List<String> seen = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            if (random.nextBoolean()) {
                String piece = OPAQUE.get(random.nextInt(OPAQUE.size()));
                text.append(piece).append(' ');
                expected.append(piece).append(' ');
            } else {
                String piece = OPEN.get(random.nextInt(OPEN.size()));
                if (!seen.contains(piece)) {
                    seen.add(piece);
                }
                text.append(piece).append(' ');
                expected.append('$').append(seen.indexOf(piece) + 1).append(' ');
            }
        }
        StatementTemplate template = StatementTemplate.parse(Dialect.SQL, text.toString());
        assertThat(template.text()).isEqualTo(expected.toString());
        assertThat(template.parameters()).extracting(Parameter::toString).isEqualTo(seen);
    }

    @Test
    void ofCqlEveryPlaceIsAMarker() {
        StatementTemplate template = StatementTemplate.parse(
                Dialect.CQL,
                "UPDATE t USING TTL :ttl SET m = {'a':'x', 'b' : :key}, n = {1::key, 2:3} WHERE k = :key // :key\n AND a = 1");
        assertThat(template.text())
                .isEqualTo(
                        "UPDATE t USING TTL ? SET m = {'a':'x', 'b' : ?}, n = {1:?, 2:3} WHERE k = ? // :key\n AND a = 1");
        assertThat(template.parameters())
                .extracting(Parameter::toString)
                .containsExactly(":ttl", ":key", ":key", ":key");
        assertThat(StatementTemplate.expectation(Dialect.SQL, "SELECT :ttl"))
                .contains("column 8, :ttl: one of :key")
                .doesNotContain(":ttl,")
                .endsWith(":due");
    }

    /** What stands here stays as it is, in CQL. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT ':key', 'it''s :key', E'\\'",
                "SELECT \":key\"\":due\"",
                "SELECT $$ ' :key $$",
                "SELECT 1 -- :key\n, 2 // :due",
                "SELECT 1 /* :key /* :due */, 2"
            })
    void ofCqlLeavesAloneWhatIsNoParameter(String text) {
        StatementTemplate template = StatementTemplate.parse(Dialect.CQL, text);
        assertThat(template.text()).isEqualTo(text);
        assertThat(template.parameters()).isEmpty();
    }
}
