package io.forelog.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SecretReferencesTest {
    private static final String BEFORE = "targets: [{name: hook, config: {authorization: 'file:/run/token'}}]";

    @Test
    void findsWhatADocumentDidNotReferToBefore() {
        assertThat(SecretReferences.added(BEFORE, "")).containsExactly("file:/run/token");
        assertThat(SecretReferences.added(BEFORE, BEFORE)).isEmpty();
        assertThat(SecretReferences.added(
                        "{\"targets\": [{\"config\": {\"url\": \"file:/etc/key\","
                                + " \"secrets\": [\"plain\", \" ENV:STORE\", \"file:/run/token\"]}}]}",
                        BEFORE))
                .containsExactly("ENV:STORE", "file:/etc/key");
        assertThat(SecretReferences.added("targets: [", BEFORE)).isEmpty();
    }
}
