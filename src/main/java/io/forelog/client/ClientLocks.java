package io.forelog.client;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * How a client shows who it is, and whom it believes: {@code FORELOG_CA} (PEM file), {@code FORELOG_CERT} and {@code FORELOG_KEY} (PEM
 * files, the key as PKCS#8), {@code FORELOG_API_KEY} and {@code FORELOG_TOKEN}, the text itself or {@code file:PATH}. Immutable.
 */
public final class ClientLocks {
    private static final List<String> KEYS = List.of("EC", "RSA", "Ed25519");

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
        if (!said("FORELOG_CA").isEmpty() || !said("FORELOG_CERT").isEmpty()) {
            builder.sslContext(context());
        }
        return builder.build();
    }

    /** Of a client that speaks TLS. */
    void lock(HttpClientOptions options) {
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
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            KeyStore own = empty();
            if (!said("FORELOG_CERT").isEmpty()) {
                Certificate[] chain = certificates("FORELOG_CERT").toArray(Certificate[]::new);
                own.setKeyEntry("own", key(), new char[0], chain);
            }
            keys.init(own, new char[0]);
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(said("FORELOG_CA").isEmpty() ? null : believed());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "FORELOG_CA, FORELOG_CERT, FORELOG_KEY: " + e.getMessage() + " (expected: PEM files)",
                    e);
        }
    }

    private KeyStore believed() throws GeneralSecurityException, IOException {
        KeyStore store = empty();
        int count = 0;
        for (Certificate each : certificates("FORELOG_CA")) {
            store.setCertificateEntry("ca" + count++, each);
        }
        return store;
    }

    private static KeyStore empty() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, new char[0]);
        return store;
    }

    private Collection<? extends Certificate> certificates(String name) throws GeneralSecurityException {
        byte[] pem = read(name, Path.of(said(name))).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        return CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
    }

    private PrivateKey key() throws GeneralSecurityException {
        String pem = read("FORELOG_KEY", Path.of(said("FORELOG_KEY")));
        String text = pem.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
        PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text));
        for (String algorithm : KEYS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(spec);
            } catch (InvalidKeySpecException e) {
                // the next, then
            }
        }
        throw new InvalidKeySpecException("the key is none of " + KEYS);
    }
}
