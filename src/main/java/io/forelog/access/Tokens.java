package io.forelog.access;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import io.forelog.config.LocksConfig.JwtConfig;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * JWT bearer tokens: signed by a key of a JWKS with an algorithm that has a public key, of one issuer, for one audience, valid now. What
 * was verified is kept until it expires, {@value #KEPT_MAX} at most. {@link #load} blocks; the rest any thread.
 */
final class Tokens {
    private static final int KEPT_MAX = 10_000;
    private static final int KEYS_BYTES_MAX = 1 << 20;
    private static final int LEEWAY_SECONDS = 30;
    private static final int LENGTH_MAX = 8_192;
    private static final Duration REMOTE_EVERY = Duration.ofSeconds(60);
    private static final Duration LIMIT = Duration.ofSeconds(5);
    private static final Set<JWSAlgorithm> ALGORITHMS = Set.of(
            JWSAlgorithm.RS256,
            JWSAlgorithm.RS384,
            JWSAlgorithm.RS512,
            JWSAlgorithm.PS256,
            JWSAlgorithm.PS384,
            JWSAlgorithm.PS512,
            JWSAlgorithm.ES256,
            JWSAlgorithm.ES384,
            JWSAlgorithm.ES512);

    private final JwtConfig config;
    private final Ticker ticker;
    private final Map<String, Verified> kept = new ConcurrentHashMap<>();
    private volatile @Nullable DefaultJWTProcessor<SecurityContext> processor;
    private volatile String text = "";
    private volatile long loadedNanos;

    /** {@code certificate}: SHA-256 of the one it is bound to, base64url; empty = none. */
    record Verified(Identity identity, long expiresMicros, String certificate) {}

    Tokens(JwtConfig config, Ticker ticker) {
        this.config = config;
        this.ticker = ticker;
    }

    /** Reads the keys again. Fails with INVALID_ARGUMENT, or UNAVAILABLE where a server should have them, and goes on with what was read before. */
    void load() {
        String keys = config.keys();
        boolean remote = keys.startsWith("http");
        if (remote && processor != null && System.nanoTime() - loadedNanos < REMOTE_EVERY.toNanos()) {
            return;
        }
        try {
            String now = remote ? fetched(keys) : Files.readString(Path.of(keys));
            if (!now.equals(text)) {
                processor = processor(JWKSet.parse(now));
                text = now;
                kept.clear();
            }
            loadedNanos = System.nanoTime();
        } catch (ParseException | IOException e) {
            throw new WalException(
                    remote ? ErrorCode.UNAVAILABLE : ErrorCode.INVALID_ARGUMENT,
                    "identities.jwt.keys: " + keys + ": " + e.getMessage() + " (expected: a JWKS)",
                    e);
        }
    }

    /** All of it within the limit, and no more than may be: the JDK's own time limit ends with the head. */
    private static String fetched(String url) throws IOException {
        BoundedBody body = new BoundedBody(KEYS_BYTES_MAX, LIMIT);
        try {
            HttpResponse<String> answer = HttpClient.newBuilder()
                    .connectTimeout(LIMIT)
                    .build()
                    .send(HttpRequest.newBuilder(URI.create(url)).timeout(LIMIT).build(), head -> body);
            if (answer.statusCode() != 200) {
                throw new IOException("status " + answer.statusCode());
            }
            return answer.body();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private DefaultJWTProcessor<SecurityContext> processor(JWKSet keys) {
        DefaultJWTProcessor<SecurityContext> made = new DefaultJWTProcessor<>();
        made.setJWSKeySelector(
                new JWSVerificationKeySelector<>(ALGORITHMS, new ImmutableJWKSet<>(keys.toPublicJWKSet())));
        DefaultJWTClaimsVerifier<SecurityContext> claims = new DefaultJWTClaimsVerifier<>(
                config.audience(),
                new JWTClaimsSet.Builder().issuer(config.issuer()).build(),
                Set.of("exp", config.principalClaim()));
        claims.setMaxClockSkew(LEEWAY_SECONDS);
        made.setJWTClaimsSetVerifier(claims);
        return made;
    }

    /** UNAUTHENTICATED where it is not believed. */
    Verified verify(String token) {
        Verified known = kept.get(token);
        if (known != null) {
            if (ticker.micros() < known.expiresMicros()) {
                return known;
            }
            kept.remove(token);
            throw refused("expired");
        }
        Verified verified = verified(token);
        if (kept.size() >= KEPT_MAX) {
            kept.clear();
        }
        kept.put(token, verified);
        return verified;
    }

    private Verified verified(String token) {
        DefaultJWTProcessor<SecurityContext> verifier = processor;
        if (verifier == null) {
            throw new WalException(
                    ErrorCode.UNAVAILABLE,
                    "token: the keys that sign them could not be read yet (expected: again later)");
        }
        if (token.length() > LENGTH_MAX) {
            throw refused("more than " + LENGTH_MAX + " characters");
        }
        try {
            JWTClaimsSet claims = verifier.process(token, null);
            String principal = claims.getStringClaim(config.principalClaim());
            if (principal == null || principal.isEmpty()) {
                throw refused(config.principalClaim() + " is missing");
            }
            return new Verified(
                    new Identity(principal),
                    (claims.getExpirationTime().getTime() + LEEWAY_SECONDS * 1_000L) * 1_000,
                    bound(claims));
        } catch (ParseException | BadJOSEException | JOSEException e) {
            throw refused(String.valueOf(e.getMessage()));
        }
    }

    /** RFC 8705. */
    private static String bound(JWTClaimsSet claims) throws ParseException {
        Map<String, Object> confirmation = claims.getJSONObjectClaim("cnf");
        Object print = confirmation == null ? null : confirmation.get("x5t#S256");
        return print == null ? "" : String.valueOf(print);
    }

    private WalException refused(String why) {
        return new WalException(
                ErrorCode.UNAUTHENTICATED,
                "token: " + why + " (expected: one of " + config.issuer() + " for " + config.audience()
                        + ", valid now)");
    }
}
