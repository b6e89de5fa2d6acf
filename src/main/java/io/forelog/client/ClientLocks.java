package io.forelog.client;

import io.forelog.model.ErrorCode;
import io.forelog.model.Pem;
import io.forelog.model.WalException;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.SSLContext;

/**
 * How a client shows who it is, and whom it believes: {@code FORELOG_CA} (PEM file), {@code FORELOG_CERT} and {@code FORELOG_KEY} (PEM
 * files, the key as PKCS#8), {@code FORELOG_API_KEY} and {@code FORELOG_TOKEN}, the text itself or {@code file:PATH}. Immutable.
 */
public final class ClientLocks {
    private final Map<String, String> environment;

    private ClientLocks(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    public static ClientLocks of(Map<String, String> environment) {
        return new ClientLocks(environment);
    }

    private String said(String name) {
        return environment.getOrDefault(name, "");
    }

    /** What goes with every request. */
    public Map<String, String> headers() {
        Map<String, String> headers = new TreeMap<>();
        String key = secret("FORELOG_API_KEY");
        String token = secret("FORELOG_TOKEN");
        if (!key.isEmpty()) {
            headers.put("X-Api-Key", key);
        } else if (!token.isEmpty()) {
            headers.put("Authorization", "Bearer " + token);
        }
        return headers;
    }

    private String secret(String name) {
        String text = said(name);
        return text.startsWith("file:") ? read(name, Path.of(text.substring(5))).strip() : text;
    }

    private static String read(String name, Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT, name + ": " + file + ": " + e + " (expected: a file)", e);
        }
    }

    /** The JDK's client. */
    HttpClient http(Duration connectLimit) {
        HttpClient.Builder builder =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(connectLimit);
        if (speaksTls()) {
            builder.sslContext(context());
        }
        return builder.build();
    }

    /** Whether it is said whom to believe or what to show. */
    public boolean speaksTls() {
        return !said("FORELOG_CA").isEmpty() || !said("FORELOG_CERT").isEmpty();
    }

    /** Of a client that speaks TLS. */
    public void lock(HttpClientOptions options) {
        options.setSsl(true).setUseAlpn(true);
        if (!said("FORELOG_CA").isEmpty()) {
            options.setTrustOptions(new PemTrustOptions().addCertPath(said("FORELOG_CA")));
        }
        if (!said("FORELOG_CERT").isEmpty()) {
            options.setKeyCertOptions(
                    new PemKeyCertOptions().addCertPath(said("FORELOG_CERT")).addKeyPath(said("FORELOG_KEY")));
        }
    }

    private SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    said("FORELOG_CERT").isEmpty() ? null : Pem.keys(bytes("FORELOG_CERT"), bytes("FORELOG_KEY")),
                    said("FORELOG_CA").isEmpty() ? null : Pem.trust(bytes("FORELOG_CA")),
                    null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "FORELOG_CA, FORELOG_CERT, FORELOG_KEY: " + e.getMessage() + " (expected: PEM files)",
                    e);
        }
    }

    private byte[] bytes(String name) {
        return read(name, Path.of(said(name))).getBytes(StandardCharsets.US_ASCII);
    }
}
