package io.forelog.rig;

/** Namespace documents of the fault tests, as text. Stateless. */
public final class Documents {
    /** Retries that a test can wait for, and that never end in a dead letter within it. */
    public static final String PATIENT =
            "retry: { initial: PT0.05S, multiplier: 2.0, max: PT0.5S, jitter: full, max_attempts: 100000, max_age: P1D }\n";

    private Documents() {}

    /** Embedded queue, one default target {@code hook}. */
    public static String http(String url, String... more) {
        return """
                persistence_configurations:
                  persistence_configuration:
                    - physical_storage: { type: EMBEDDED }
                targets:
                  - name: hook
                    type: http
                    default: true
                    config: { url: "%s" }
                    limit: { timeout: PT2S }
                """.formatted(url) + String.join("\n", more);
    }

    /** As {@link #http}, with more in the target's {@code limit}. */
    public static String httpLimited(String url, String limit, String... more) {
        return http(url, more).replace("limit: { timeout: PT2S }", "limit: { timeout: PT2S, " + limit + " }");
    }
}
