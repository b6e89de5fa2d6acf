package io.forelog.target.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.Entry;
import io.forelog.model.Operation;
import io.forelog.target.Deliveries;
import io.vertx.core.buffer.Buffer;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UrlTemplateTest {
    private static Entry entry(Buffer key) {
        return Deliveries.entry(key, Operation.PUT, Map.of(), Map.of(), Buffer.buffer());
    }

    @Test
    void fillsInValuesPercentEncoded() {
        UrlTemplate url = UrlTemplate.parse("https://api.example.org:8443/v1/{namespace}/{destination}/{key}?k={key}");
        assertThat(url.host()).isEqualTo("api.example.org");
        assertThat(url.port()).isEqualTo(8443);
        assertThat(url.tls()).isTrue();
        assertThat(url.pathFor(entry(Buffer.buffer("a/b?c=ä&#")), "x y"))
                .isEqualTo("/v1/shop/x%20y/a%2Fb%3Fc%3D%C3%A4%26%23?k=a%2Fb%3Fc%3D%C3%A4%26%23");
        assertThat(url.pathFor(entry(Buffer.buffer(new byte[] {(byte) 0xFF, 0})), "d"))
                .endsWith("/%FF%00?k=%FF%00");
    }

    @Test
    void keepsAnEntryFromLeavingItsPlaceInThePath() {
        UrlTemplate url = UrlTemplate.parse("http://h/items/{key}");
        for (String key : new String[] {"", ".", ".."}) {
            assertThatThrownBy(() -> url.pathFor(entry(Buffer.buffer(key)), ""))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected");
        }
        assertThat(UrlTemplate.parse("http://h/items?key={key}").pathFor(entry(Buffer.buffer("..")), ""))
                .isEqualTo("/items?key=..");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "example.org/x",
                "ftp://example.org/x",
                "http://{key}/x",
                "http://example.{destination}/x",
                "{key}://example.org",
                "http://user:secret@example.org/",
                "http://example.org/{entry}",
                "http://example.org/{key",
                "http://example.org/a b",
                "http://example.org/#top",
                "http:///x"
            })
    void refusesTemplatesThatAreNoneOrLetAnEntryChooseTheHost(String url) {
        assertThat(UrlTemplate.expectation(url)).isNotNull();
    }

    @Test
    void fillsInSchemePortsAndTheRoot() {
        assertThat(UrlTemplate.parse("http://example.org").pathFor(entry(Buffer.buffer("k")), ""))
                .isEqualTo("/");
        assertThat(UrlTemplate.parse("https://example.org?x={key}").pathFor(entry(Buffer.buffer("k")), ""))
                .isEqualTo("/?x=k");
        assertThat(UrlTemplate.parse("http://example.org").port()).isEqualTo(80);
        assertThat(UrlTemplate.parse("https://example.org").port()).isEqualTo(443);
        assertThat(UrlTemplate.parse("http://[::1]:81/x").host()).isEqualTo("::1");
    }
}
