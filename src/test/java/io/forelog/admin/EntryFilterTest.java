package io.forelog.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.Entry;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EntryFilterTest {
    private final HandTicker ticker = new HandTicker();
    private final Entry entry =
            new Entries(ticker, "ns").make("{\"tenant\": \"a\"}", "user-17", Duration.ZERO, null, 1);

    private boolean matches(JsonObject filter) {
        return EntryFilter.ofEntries("filter", filter, ticker.micros())
                .matches(entry, FakeNode.namespace("ns", List.of(), 1, 2));
    }

    @ParameterizedTest
    @CsvSource({
        "key, user-17, true",
        "key, user-1, false",
        "key_prefix, user-, true",
        "key_prefix, user-177, false",
        "key_base64, dXNlci0xNw==, true",
        "target, t1, true",
        "target, t2, false",
        "payload_contains, tenant, true",
        "payload_contains, zzz, false",
        "header.content-type, text/plain, true",
        "header.Content-Type, text/plain, true",
        "header.other, text/plain, false",
        "attribute.ttl, 1, false",
        "operation, PUT, true",
        "priority, BULK, false",
        "newer_than, PT1H, true",
        "older_than, PT1H, false"
    })
    void matchesOneField(String field, String value, boolean expected) {
        assertThat(matches(new JsonObject().put(field, value))).isEqualTo(expected);
    }

    @Test
    void wantsAllFieldsAndAnyOfAList() {
        assertThat(matches(new JsonObject()
                        .put("key", new JsonArray().add("x").add("user-17"))
                        .put("target", "t1")))
                .isTrue();
        assertThat(matches(new JsonObject().put("key", "user-17").put("target", "t2")))
                .isFalse();
        assertThat(matches(new JsonObject())).isTrue();
    }

    @Test
    void refusesWhatItDoesNotKnowAndNamesWhatItDoes() {
        assertThatThrownBy(() -> matches(new JsonObject().put("keys", "x")))
                .hasMessageContaining("filter.keys")
                .hasMessageContaining("key_prefix");
        assertThatThrownBy(() -> matches(new JsonObject().put("code", "MAX_ATTEMPTS")))
                .hasMessageContaining("filter.code");
        assertThatThrownBy(() -> matches(new JsonObject().put("operation", "put")))
                .hasMessageContaining("filter.operation: 'put' (expected: one of PUT, DELETE");
        assertThatThrownBy(() -> matches(new JsonObject().put("entry_id", "xyz")))
                .hasMessageContaining("filter.entry_id: 'xyz' (expected: an entry's id");
        assertThatThrownBy(() -> matches(new JsonObject().put("key", 5))).hasMessageContaining("a string");
        assertThatThrownBy(() -> matches(new JsonObject().put("older_than", "soon")))
                .hasMessageContaining("PT1H");
    }
}
