package io.forelog.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import org.junit.jupiter.api.Test;

class RoutesTest {
    private final Routes routes = new Routes();

    private String place(String path) {
        routes.add(HttpMethod.GET, "/admin/v1/namespaces/{ns}", exchange -> Future.failedFuture("not called"));
        return routes.match(HttpMethod.GET, path).orElseThrow().path().get("ns");
    }

    @Test
    void aNameIsDecoded() {
        assertThat(place("/admin/v1/namespaces/a%20b+c")).isEqualTo("a b+c");
    }

    @Test
    void escapesThatAreNoneStandForThemselves() {
        assertThat(place("/admin/v1/namespaces/%zz")).isEqualTo("%zz");
    }
}
