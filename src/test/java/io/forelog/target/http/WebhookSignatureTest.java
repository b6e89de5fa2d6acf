package io.forelog.target.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebhookSignatureTest {
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final String OTHER = "whsec_" + Base64.getEncoder().encodeToString(new byte[32]);

    @Test
    void signsTheTestVectorOfTheSpecificationAsItSays() {
        WebhookSignature signature = WebhookSignature.of(List.of(SECRET));
        for (int time = 0; time < 3; time++) {
            assertThat(signature.of(
                            "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", Buffer.buffer("{\"test\": 2432232314}")))
                    .isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        }
    }

    @Test
    void signsOnceForEachSecretTheNewestFirst() {
        String both = WebhookSignature.of(List.of(OTHER, SECRET)).of("id", "1", Buffer.buffer("body"));
        String newest = WebhookSignature.of(List.of(OTHER)).of("id", "1", Buffer.buffer("body"));
        String old = WebhookSignature.of(List.of(SECRET)).of("id", "1", Buffer.buffer("body"));
        assertThat(both).isEqualTo(newest + " " + old);
        assertThat(newest).isNotEqualTo(old);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4_095, 4_096, 4_097, 100_000})
    void signsBodiesOfAnyLength(int length) throws Exception {
        byte[] body = new byte[length];
        new java.util.Random(length).nextBytes(body);
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(new byte[32], "HmacSHA256"));
        mac.update("id.7.".getBytes(StandardCharsets.UTF_8));
        String expected = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
        WebhookSignature signature = WebhookSignature.of(List.of(OTHER));
        assertThat(signature.of("id", "7", Buffer.buffer(body))).isEqualTo(expected);
        Buffer slice = Buffer.buffer("xx").appendBytes(body).slice(2, 2 + length);
        assertThat(signature.of("id", "7", slice)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "whsec_",
                "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "whsec_dG9vIHNob3J0",
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La*aSw"
            })
    void takesNothingElseForASecret(String text) {
        assertThat(WebhookSignature.isSecret(text)).isFalse();
        assertThatThrownBy(() -> WebhookSignature.of(List.of(text))).isInstanceOf(IllegalArgumentException.class);
    }
}
