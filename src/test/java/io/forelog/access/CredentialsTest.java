package io.forelog.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.forelog.config.LocksConfig.IdentitiesConfig;
import io.forelog.config.LocksConfig.JwtConfig;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpConnection;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CredentialsTest {
    private static final String ISSUER = "https://login.test";

    @TempDir
    Path directory;

    private RSAKey rsa;
    private ECKey ec;
    private Path apiKeys;
    private ApiKeys.Made made;
    private Credentials credentials;

    @BeforeEach
    void load() throws JOSEException, IOException {
        rsa = new RSAKeyGenerator(2048).keyID("rsa").generate();
        ec = new ECKeyGenerator(Curve.P_256).keyID("ec").generate();
        Path keys = Files.writeString(
                directory.resolve("jwks.json"),
                new JWKSet(List.of(rsa, ec)).toPublicJWKSet().toString());
        made = ApiKeys.make("billing", "billing-service", "");
        apiKeys = Files.writeString(
                directory.resolve("keys.json"),
                "[" + made.line() + ","
                        + ApiKeys.make("old", "old", "2020-01-01T00:00:00Z").line() + "]");
        credentials = new Credentials(
                new IdentitiesConfig(
                        apiKeys,
                        new JwtConfig(keys.toString(), ISSUER, "forelog", "sub"),
                        true,
                        List.of("root"),
                        List.of("node-1"),
                        List.of()),
                Ticker.anchored());
        credentials.load();
    }

    private static HttpConnection plain() {
        return (HttpConnection) Proxy.newProxyInstance(
                HttpConnection.class.getClassLoader(),
                new Class<?>[] {HttpConnection.class},
                (proxy, method, arguments) -> method.getName().equals("isSsl") ? (Object) false : null);
    }

    private String who(String header, String value) {
        return credentials
                .identify(MultiMap.caseInsensitiveMultiMap().add(header, value), plain())
                .principal();
    }

    private void refused(String header, String value, String why) {
        assertThatThrownBy(() -> who(header, value))
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAUTHENTICATED))
                .hasMessageContaining(why)
                .hasMessageNotContaining(value.length() > 30 ? value.substring(20) : "\0");
    }

    private static JWTClaimsSet.Builder claims() {
        return new JWTClaimsSet.Builder()
                .issuer(ISSUER)
                .audience("forelog")
                .subject("orders")
                .expirationTime(in(Duration.ofMinutes(5)));
    }

    private static Date in(Duration time) {
        return Date.from(Instant.now().plus(time));
    }

    private static String signed(JWSAlgorithm algorithm, String keyId, JWSSigner signer, JWTClaimsSet claims)
            throws JOSEException {
        SignedJWT jwt =
                new SignedJWT(new JWSHeader.Builder(algorithm).keyID(keyId).build(), claims);
        jwt.sign(signer);
        return jwt.serialize();
    }

    private String token(JWTClaimsSet.Builder claims) throws JOSEException {
        return "Bearer " + signed(JWSAlgorithm.RS256, "rsa", new RSASSASigner(rsa), claims.build());
    }

    @Test
    void tokensOfTheIssuerAreBelievedAndKept() throws JOSEException {
        String token = token(claims());
        assertThat(who("Authorization", token)).isEqualTo("orders");
        assertThat(who("Authorization", token)).isEqualTo("orders");
        assertThat(who(
                        "Authorization",
                        "bearer " + signed(JWSAlgorithm.ES256, "ec", new ECDSASigner(ec), claims().build())))
                .isEqualTo("orders");
    }

    @Test
    void tokensOfAnotherTimeIssuerOrAudienceAreRefused() throws JOSEException {
        refused("Authorization", token(claims().expirationTime(in(Duration.ofMinutes(-2)))), "Expired");
        refused("Authorization", token(claims().notBeforeTime(in(Duration.ofMinutes(2)))), "before");
        refused("Authorization", token(claims().issuer("https://evil.test")), "iss");
        refused("Authorization", token(claims().audience("other")), "aud");
        refused("Authorization", token(claims().expirationTime(null)), "exp");
        refused("Authorization", token(claims().subject(null)), "sub");
    }

    @Test
    void tokensThatNobodySignedAreRefused() throws JOSEException {
        refused("Authorization", "Bearer " + new PlainJWT(claims().build()).serialize(), "token");
        byte[] publicKey = rsa.toRSAPublicKey().getEncoded();
        refused(
                "Authorization",
                "Bearer " + signed(JWSAlgorithm.HS256, "rsa", new MACSigner(publicKey), claims().build()),
                "token");
        RSAKey other = new RSAKeyGenerator(2048).keyID("rsa").generate();
        refused(
                "Authorization",
                "Bearer " + signed(JWSAlgorithm.RS256, "rsa", new RSASSASigner(other), claims().build()),
                "signature");
        RSAKey unknown = new RSAKeyGenerator(2048).keyID("x").generate();
        refused(
                "Authorization",
                "Bearer " + signed(JWSAlgorithm.RS256, "x", new RSASSASigner(unknown), claims().build()),
                "token");
        String token = token(claims());
        int payload = token.indexOf('.') + 5;
        refused(
                "Authorization",
                token.substring(0, payload) + (token.charAt(payload) == 'A' ? 'B' : 'A') + token.substring(payload + 1),
                "token");
        refused("Authorization", "Bearer nonsense", "token");
        refused("Authorization", "Bearer " + "a".repeat(10_000), "8192");
        refused("Authorization", "Bearer ", "token");
    }

    @Test
    void aTokenThatIsBoundToACertificateIsOfNoUseToWhoeverCopiedIt() throws JOSEException {
        refused("Authorization", token(claims().claim("cnf", Map.of("x5t#S256", "abc"))), "bound to another");
    }

    @Test
    void apiKeysAreBelievedByTheirHash() throws IOException {
        assertThat(who("X-Api-Key", made.secret())).isEqualTo("billing-service");
        assertThat(who("Authorization", "Bearer " + made.secret())).isEqualTo("billing-service");
        assertThat(Files.readString(apiKeys)).doesNotContain(made.secret().substring(12));
        refused("X-Api-Key", made.secret().substring(0, made.secret().length() - 1) + "_", "not a known one");
        refused("X-Api-Key", ApiKeys.make("nobody", "x", "").secret(), "not a known one");
        refused("X-Api-Key", ApiKeys.make("old", "old", "").secret(), "not a known one");
        refused("X-Api-Key", "flk_x", "not a known one");
    }

    @Test
    void anExpiredApiKeyIsRefused() throws IOException {
        ApiKeys.Made old = ApiKeys.make("gone", "gone", "2020-01-01T00:00:00Z");
        Files.writeString(apiKeys, "[" + old.line() + "]");
        credentials.load();
        refused("X-Api-Key", old.secret(), "expired");
        refused("X-Api-Key", made.secret(), "not a known one");
    }

    @Test
    void aFileThatIsNoneChangesNothing() throws IOException {
        Files.writeString(apiKeys, "{}");
        assertThatThrownBy(credentials::load)
                .hasMessageContaining("identities.api_keys")
                .hasMessageContaining("array");
        assertThat(who("X-Api-Key", made.secret())).isEqualTo("billing-service");
    }

    @Test
    void nothingTwoThingsAndOtherSchemesAreRefused() {
        assertThatThrownBy(() -> credentials.identify(MultiMap.caseInsensitiveMultiMap(), plain()))
                .hasMessageContaining("no credential (expected: an API key in X-Api-Key, a token in Authorization");
        refused("Authorization", "Basic cm9vdDpyb290", "another scheme");
        assertThatThrownBy(() -> credentials.identify(
                        MultiMap.caseInsensitiveMultiMap()
                                .add("X-Api-Key", made.secret())
                                .add("Authorization", "Bearer x"),
                        plain()))
                .hasMessageContaining("two credentials");
    }

    @Test
    void onlyNodesSpeakForOthers() {
        assertThatThrownBy(() -> credentials.identify(
                        MultiMap.caseInsensitiveMultiMap()
                                .add("X-Api-Key", made.secret())
                                .add(Credentials.ON_BEHALF, "root"),
                        plain()))
                .hasMessageContaining("one of identities.nodes");
    }
}
