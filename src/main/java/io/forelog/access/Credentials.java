package io.forelog.access;

import io.forelog.config.LocksConfig.IdentitiesConfig;
import io.forelog.config.LocksConfig.JwtConfig;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Who calls, by API key ({@code X-Api-Key}, or as bearer), JWT ({@code Authorization: Bearer}), or client certificate (its SPIFFE id, else its
 * subject); a header goes before the certificate. Any thread.
 */
public final class Credentials implements Identities {
    /** Whom another node speaks for. */
    public static final String ON_BEHALF = "Forelog-On-Behalf-Of";

    private static final String API_KEY = "X-Api-Key";
    private static final String BEARER = "Bearer ";
    private static final int URI = 6;

    private final IdentitiesConfig config;
    private final @Nullable ApiKeys keys;
    private final @Nullable Tokens tokens;
    private final Map<HttpConnection, Peer> peers = new WeakHashMap<>();
    private final ReentrantLock lock = new ReentrantLock();

    private record Peer(Identity identity, String print) {}

    /** {@link #load} it before it is used. */
    public Credentials(IdentitiesConfig config, Ticker ticker) {
        this.config = config;
        this.keys = config.apiKeys() == null ? null : new ApiKeys(config.apiKeys(), ticker);
        JwtConfig jwt = config.jwt();
        this.tokens = jwt == null ? null : new Tokens(jwt, ticker);
    }

    /**
     * Reads keys again, where they have changed. Blocks. Goes on with what was read before where something is wrong, and fails with all
     * of it: UNAVAILABLE where only a server does not answer, else INVALID_ARGUMENT.
     */
    public void load() {
        List<WalException> problems = new ArrayList<>();
        if (keys != null) {
            attempt(keys::load, problems);
        }
        if (tokens != null) {
            attempt(tokens::load, problems);
        }
        if (!problems.isEmpty()) {
            boolean away = problems.stream().allMatch(problem -> problem.code() == ErrorCode.UNAVAILABLE);
            throw new WalException(
                    away ? ErrorCode.UNAVAILABLE : ErrorCode.INVALID_ARGUMENT,
                    problems.stream().map(Throwable::getMessage).collect(Collectors.joining("; ")),
                    problems.get(0));
        }
    }

    private static void attempt(Runnable load, List<WalException> problems) {
        try {
            load.run();
        } catch (WalException e) {
            problems.add(e);
        }
    }

    @Override
    public Identity identify(MultiMap headers, HttpConnection connection) {
        Identity direct = direct(headers, connection);
        String behalf = headers.get(ON_BEHALF);
        if (behalf == null) {
            return direct;
        }
        if (!config.nodes().contains(direct.principal())) {
            throw new WalException(
                    ErrorCode.UNAUTHENTICATED,
                    ON_BEHALF + ": of " + direct.principal() + " (expected: one of identities.nodes)");
        }
        return new Identity(behalf);
    }

    private Identity direct(MultiMap headers, HttpConnection connection) {
        String key = headers.get(API_KEY);
        String authorization = headers.get(HttpHeaders.AUTHORIZATION);
        if (key != null && authorization != null) {
            throw refused("two credentials (expected: one of " + API_KEY + " and Authorization)");
        }
        if (key != null) {
            return apiKey(key);
        }
        if (authorization != null) {
            if (!authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
                throw refused("Authorization: another scheme (expected: Bearer)");
            }
            String token = authorization.substring(BEARER.length()).trim();
            return token.startsWith(ApiKeys.PREFIX) ? apiKey(token) : token(token, connection);
        }
        Peer peer = config.certificates() ? peer(connection) : null;
        if (peer == null) {
            throw refused("no credential (expected: " + expected() + ")");
        }
        return peer.identity();
    }

    private Identity apiKey(String key) {
        if (keys == null) {
            throw refused("API key: not believed here (expected: " + expected() + ")");
        }
        return keys.verify(key);
    }

    private Identity token(String token, HttpConnection connection) {
        if (tokens == null) {
            throw refused("token: not believed here (expected: " + expected() + ")");
        }
        Tokens.Verified verified = tokens.verify(token);
        if (!verified.certificate().isEmpty()) {
            Peer peer = peer(connection);
            if (peer == null || !peer.print().equals(verified.certificate())) {
                throw refused("token: bound to another client certificate (expected: that one on this connection)");
            }
        }
        return verified.identity();
    }

    private String expected() {
        return String.join(
                ", ",
                List.of(
                                keys == null ? "" : "an API key in " + API_KEY,
                                tokens == null ? "" : "a token in Authorization",
                                config.certificates() ? "a client certificate" : "")
                        .stream()
                        .filter(one -> !one.isEmpty())
                        .toList());
    }

    private static WalException refused(String why) {
        return new WalException(ErrorCode.UNAUTHENTICATED, why);
    }

    /** Verified by TLS already; once a connection. Null where it has none. */
    private @Nullable Peer peer(HttpConnection connection) {
        if (!connection.isSsl()) {
            return null;
        }
        lock.lock();
        try {
            Peer known = peers.get(connection);
            if (known == null) {
                known = read(connection.sslSession());
                if (known != null) {
                    peers.put(connection, known);
                }
            }
            return known;
        } finally {
            lock.unlock();
        }
    }

    private static @Nullable Peer read(@Nullable SSLSession session) {
        try {
            Certificate[] chain = session == null ? new Certificate[0] : session.getPeerCertificates();
            if (chain.length == 0 || !(chain[0] instanceof X509Certificate own)) {
                return null;
            }
            byte[] print = MessageDigest.getInstance("SHA-256").digest(own.getEncoded());
            return new Peer(
                    new Identity(name(own)),
                    Base64.getUrlEncoder().withoutPadding().encodeToString(print));
        } catch (SSLPeerUnverifiedException e) {
            return null;
        } catch (CertificateEncodingException | NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Its SPIFFE id, else its subject. */
    static String name(X509Certificate certificate) {
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            if (names != null) {
                for (List<?> name : names) {
                    if (name.get(0).equals(URI) && String.valueOf(name.get(1)).startsWith("spiffe://")) {
                        return String.valueOf(name.get(1));
                    }
                }
            }
        } catch (CertificateParsingException e) {
            // its subject, then
        }
        return certificate.getSubjectX500Principal().getName();
    }
}
