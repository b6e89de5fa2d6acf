package io.forelog.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class RedactionTest {
    @Test
    void hidesWhatLooksLikeASecretAndNothingElse() {
        Map<String, Object> shown = Redaction.of(DocumentText.parse("""
                namespace: token
                targets:
                  - name: a
                    config:
                      url: https://ann:pw@host/path
                      authorization: env:TOKEN
                      apiKey: abc
                      signing_secrets: [file:next, env:OLD]
                      other_secrets: [file:next, abc]
                      headers: { X-Api-Key: abc, Cookie: [abc], Accept: text }
                """));
        assertThat(DocumentText.toJson(shown)).doesNotContain("pw").doesNotContain("abc");
        assertThat(DocumentText.toYaml(shown))
                .contains(
                        "https://(hidden)@host/path",
                        "env:TOKEN",
                        "env:OLD",
                        "Accept: \"text\"",
                        "namespace: \"token\"");
    }
}
