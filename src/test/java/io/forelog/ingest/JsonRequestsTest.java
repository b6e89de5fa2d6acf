package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.MultiMap;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class JsonRequestsTest {
    private static final EnumSet<ErrorCode> WRONG = EnumSet.of(ErrorCode.MALFORMED_BODY, ErrorCode.INVALID_ARGUMENT);
    private static final String FULL = """
            {"payload_json": {"a": [1, "é"]}, "lifecycle": {"delay": "PT3S", "jitter": "PT0.5S"},
             "target": {"name": "hook", "key_base64": "AAE=", "attributes": {"x": "y"}},
             "idempotency_token": {"token": "t"}, "priority": "BULK", "headers": {"A": "b"}}
            """;

    @Property(tries = 2_000)
    void anyBytesAreAWriteOrWrong(@ForAll byte[] bytes) {
        try {
            JsonRequests.one("ns", new JsonRequests.Slice(bytes, 0, bytes.length));
        } catch (WalException e) {
            assertThat(WRONG).contains(e.code());
        }
    }

    @Property(tries = 1_000)
    void aDamagedWriteIsAWriteOrWrong(@ForAll @IntRange(max = 400) int at, @ForAll byte to, @ForAll boolean cut) {
        byte[] bytes = FULL.getBytes(StandardCharsets.UTF_8);
        int index = at % bytes.length;
        bytes[index] = to;
        JsonRequests.Slice slice = new JsonRequests.Slice(bytes, 0, cut ? index : bytes.length);
        try {
            JsonRequests.one("ns", slice);
            CloudEvents.structured("ns", MultiMap.caseInsensitiveMultiMap(), slice);
        } catch (WalException e) {
            assertThat(WRONG).contains(e.code());
        }
    }

    @Property(tries = 300)
    void aTextSurvives(@ForAll String any, @ForAll @IntRange(max = 9) int offset) {
        String text = any.replaceAll("[\\ud800-\\udfff]", "?");
        String json = new JsonObject().put("payload_text", text).encode();
        byte[] bytes = (" ".repeat(offset) + json + "#").getBytes(StandardCharsets.UTF_8);
        WriteRequest.Draft read =
                JsonRequests.one("ns", new JsonRequests.Slice(bytes, offset, bytes.length - offset - 1));
        assertThat(read.payload.toString(StandardCharsets.UTF_8)).isEqualTo(text);
    }

    @Property(tries = 50)
    void aJsonPayloadIsTheSameBytesWhereverItLies(@ForAll @IntRange(max = 9) int offset) {
        byte[] bytes = (" ".repeat(offset) + FULL + "#").getBytes(StandardCharsets.UTF_8);
        WriteRequest.Draft read =
                JsonRequests.one("ns", new JsonRequests.Slice(bytes, offset, bytes.length - offset - 1));
        assertThat(read.payload.toString(StandardCharsets.UTF_8)).isEqualTo("{\"a\": [1, \"é\"]}");
        assertThat(read.key.getBytes()).containsExactly(0, 1);
        assertThat(read.headers).containsEntry("a", "b");
    }

    @Test
    void aFieldIsSaidOnce() {
        byte[] twice = "{\"priority\":\"BULK\",\"priority\":\"CRITICAL\"}".getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> JsonRequests.one("ns", new JsonRequests.Slice(twice, 0, twice.length)))
                .isInstanceOf(WalException.class)
                .hasMessageContaining("priority");
    }

    @Test
    void aPutWithoutPayloadIsRefusedAnEmptyOneAndADeleteAreNot() {
        assertThatThrownBy(() -> one("{}"))
                .isInstanceOf(WalException.class)
                .hasMessageContaining("payload: missing")
                .hasMessageContaining("payload_text");
        assertThatThrownBy(() -> one("{\"target\":{\"operation\":\"PUT\"}}")).isInstanceOf(WalException.class);
        assertThat(one("{\"payload_text\":\"\"}").payload.length()).isZero();
        assertThat(one("{\"target\":{\"key\":\"k\",\"operation\":\"DELETE\"}}")
                        .payload
                        .length())
                .isZero();
    }

    @Test
    void halfASurrogatePairIsRefusedAndNotReplaced() {
        assertThatThrownBy(() -> one("{\"payload_text\":\"a\\ud800b\"}"))
                .isInstanceOf(WalException.class)
                .hasMessageContaining("payload_text: half of a surrogate pair at character 1");
        assertThatThrownBy(() -> one("{\"payload_text\":\"\",\"target\":{\"key\":\"\\udc00\"}}"))
                .isInstanceOf(WalException.class)
                .hasMessageContaining("target.key");
        assertThat(one("{\"payload_text\":\"\\ud83d\\ude00\"}").payload.toString(StandardCharsets.UTF_8))
                .isEqualTo("\ud83d\ude00");
    }

    private static WriteRequest.Draft one(String json) {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        return JsonRequests.one("ns", new JsonRequests.Slice(bytes, 0, bytes.length));
    }

    @Test
    void nestingHasAnEnd() {
        byte[] deep = ("{\"payload_json\":" + "[".repeat(100_000)).getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> JsonRequests.one("ns", new JsonRequests.Slice(deep, 0, deep.length)))
                .isInstanceOf(WalException.class)
                .extracting(failure -> ((WalException) failure).code())
                .isEqualTo(ErrorCode.MALFORMED_BODY);
    }
}
