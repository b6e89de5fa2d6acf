package io.forelog.access;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * What this node shows to other nodes and whom of them it believes, asked at every handshake: where options are given once, as the
 * event bus's and the cluster manager's are, renewed files still count for the connections that come. Any thread.
 */
final class PeerKeys {
    private final Supplier<Current> current;
    private final Collection<String> nodes;

    /** The managers of one state of the files. */
    record Current(X509ExtendedKeyManager keys, X509ExtendedTrustManager trust) {
        static Current of(KeyManager[] keys, TrustManager[] trust) {
            return new Current(first(keys, X509ExtendedKeyManager.class), first(trust, X509ExtendedTrustManager.class));
        }

        private static <T> T first(Object[] managers, Class<T> type) {
            return Arrays.stream(managers)
                    .filter(type::isInstance)
                    .map(type::cast)
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no " + type.getSimpleName()));
        }
    }

    /** {@code nodes}: whose certificates alone are believed, of those that the authorities have signed; empty = all. */
    PeerKeys(Supplier<Current> current, Collection<String> nodes) {
        this.current = current;
        this.nodes = List.copyOf(nodes);
    }

    X509ExtendedKeyManager keys() {
        return new Keys(current);
    }

    X509ExtendedTrustManager trust() {
        return new Trust();
    }

    /** Fails where it is no node's. */
    void checkName(X509Certificate certificate) throws CertificateException {
        String name = Credentials.name(certificate);
        if (!nodes.isEmpty() && !nodes.contains(name)) {
            throw new CertificateException(name + " is none of identities.nodes");
        }
    }

    SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {keys()}, new TrustManager[] {trust()}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Keys extends X509ExtendedKeyManager {
        private final Supplier<Current> current;

        Keys(Supplier<Current> current) {
            this.current = current;
        }

        private X509ExtendedKeyManager now() {
            return current.get().keys();
        }

        @Override
        public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
            return now().getClientAliases(keyType, issuers);
        }

        @Override
        public @Nullable String chooseClientAlias(
                String[] keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return now().chooseClientAlias(keyType, issuers, socket);
        }

        @Override
        public @Nullable String chooseEngineClientAlias(
                String[] keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
            return now().chooseEngineClientAlias(keyType, issuers, engine);
        }

        @Override
        public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
            return now().getServerAliases(keyType, issuers);
        }

        @Override
        public @Nullable String chooseServerAlias(
                String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return now().chooseServerAlias(keyType, issuers, socket);
        }

        @Override
        public @Nullable String chooseEngineServerAlias(
                String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
            return now().chooseEngineServerAlias(keyType, issuers, engine);
        }

        @Override
        public X509Certificate @Nullable [] getCertificateChain(String alias) {
            return now().getCertificateChain(alias);
        }

        @Override
        public @Nullable PrivateKey getPrivateKey(String alias) {
            return now().getPrivateKey(alias);
        }
    }

    private final class Trust extends X509ExtendedTrustManager {
        private X509ExtendedTrustManager now() {
            return current.get().trust();
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            now().checkClientTrusted(chain, authType);
            checkName(chain[0]);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, @Nullable Socket socket)
                throws CertificateException {
            now().checkClientTrusted(chain, authType, socket);
            checkName(chain[0]);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
                throws CertificateException {
            now().checkClientTrusted(chain, authType, engine);
            checkName(chain[0]);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            now().checkServerTrusted(chain, authType);
            checkName(chain[0]);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, @Nullable Socket socket)
                throws CertificateException {
            now().checkServerTrusted(chain, authType, socket);
            checkName(chain[0]);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
                throws CertificateException {
            now().checkServerTrusted(chain, authType, engine);
            checkName(chain[0]);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return now().getAcceptedIssuers();
        }
    }
}
