package io.forelog.access;

import io.forelog.config.LocksConfig.TlsConfig;
import io.forelog.model.ErrorCode;
import io.forelog.model.Pem;
import io.forelog.model.WalException;
import io.netty.handler.ssl.OpenSsl;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.net.TCPSSLOptions;
import io.vertx.core.net.TrustOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A node's certificate, key and the authorities it believes, as its files have them; BoringSSL where it runs, else the JDK's TLS. TLS
 * 1.2 and 1.3. {@link #load} blocks; the rest any thread.
 */
public final class TlsFiles {
    private static final Set<String> PROTOCOLS = Set.of("TLSv1.2", "TLSv1.3");

    private final TlsConfig config;
    private final PeerKeys peers;
    private volatile @Nullable Read read;
    private volatile PeerKeys.@Nullable Current managers;

    private record Read(
            Buffer certificate, Buffer key, @Nullable Buffer clientCa) {
        PemKeyCertOptions own() {
            return new PemKeyCertOptions().addCertValue(certificate).addKeyValue(key);
        }

        @Nullable
        PemTrustOptions trust() {
            return clientCa == null ? null : new PemTrustOptions().addCertValue(clientCa);
        }

        /** Without an authority of their own, nodes believe the certificate that they all have. */
        private Buffer believed() {
            return clientCa == null ? certificate : clientCa;
        }

        PeerKeys.Current managers() throws GeneralSecurityException {
            return PeerKeys.Current.of(
                    Pem.keys(certificate.getBytes(), key.getBytes()),
                    Pem.trust(believed().getBytes()));
        }
    }

    /**
     * {@code nodes}: the principals of nodes, where {@code client_ca} signs for callers too; of them alone a certificate of that
     * authority opens the ports between nodes. Empty = the authority is the nodes' own.
     */
    public TlsFiles(TlsConfig config, List<String> nodes) {
        this.config = config;
        this.peers = new PeerKeys(this::managers, config.clientCa() == null ? List.of() : nodes);
    }

    /** Whether they have changed since the last time. Fails with INVALID_ARGUMENT where one can't be read. */
    public boolean load() {
        Path ca = config.clientCa();
        Read now = new Read(
                certificates("certificate", config.certificate()),
                file("key", config.key()),
                ca == null ? null : certificates("client_ca", ca));
        if (now.equals(read)) {
            return false;
        }
        try {
            managers = now.managers();
        } catch (GeneralSecurityException e) {
            throw wrong("key", config.key(), e, "the PKCS#8 key of the certificate");
        }
        read = now;
        return true;
    }

    private PeerKeys.Current managers() {
        PeerKeys.Current now = managers;
        if (now == null) {
            throw new IllegalStateException("not loaded");
        }
        return now;
    }

    private static Buffer certificates(String key, Path file) {
        Buffer pem = file(key, file);
        try {
            Pem.certificates(pem.getBytes());
        } catch (GeneralSecurityException e) {
            throw wrong(key, file, e, "PEM certificates");
        }
        return pem;
    }

    private static Buffer file(String key, Path file) {
        try {
            return Buffer.buffer(Files.readAllBytes(file));
        } catch (IOException e) {
            throw wrong(key, file, e, "a PEM file that can be read");
        }
    }

    private static WalException wrong(String key, Path file, Exception cause, String expected) {
        return new WalException(
                ErrorCode.INVALID_ARGUMENT,
                "tls." + key + ": " + file + ": " + cause.getMessage() + " (expected: " + expected + ")",
                cause);
    }

    private Read loaded() {
        Read files = read;
        if (files == null) {
            throw new IllegalStateException("not loaded");
        }
        return files;
    }

    /** What a server is told when the files have changed. */
    public ServerSSLOptions renewed() {
        Read files = loaded();
        ServerSSLOptions options = new ServerSSLOptions().setClientAuth(clientAuth());
        options.setKeyCertOptions(files.own());
        options.setEnabledSecureTransportProtocols(PROTOCOLS);
        PemTrustOptions trust = files.trust();
        return trust == null ? options : options.setTrustOptions(trust);
    }

    /** One of this node's ports. */
    public void lock(NetServerOptions server) {
        equip(server);
        server.setClientAuth(clientAuth());
    }

    /** Fails with INVALID_ARGUMENT where the others would not believe it: it would be a cluster of its own. */
    private PemTrustOptions onlyOwn() {
        try {
            Certificate own = Pem.certificates(loaded().certificate().getBytes())
                    .iterator()
                    .next();
            peers.checkName((X509Certificate) own);
            return new PemTrustOptions().addCertValue(Buffer.buffer(Pem.text((X509Certificate) own)));
        } catch (CertificateException e) {
            throw wrong("certificate", config.certificate(), e, "that of a node");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("read before", e);
        }
    }

    /**
     * The bus: for nodes alone, which have to show a certificate. It believes others only after {@link #renewedBus} and {@link
     * #renewedBusClient}. Fails with INVALID_ARGUMENT where this is no node's.
     */
    public void lock(EventBusOptions bus) {
        // The bus copies its options as JSON, which holds no trust manager: until it gets that one it believes this
        // node alone.
        PemTrustOptions first = onlyOwn();
        engine(bus);
        bus.setKeyCertOptions(loaded().own()).setTrustOptions(first);
        bus.setClientAuth(ClientAuth.REQUIRED);
    }

    /** What the bus's server is told when it has started, and when the files have changed. */
    public ServerSSLOptions renewedBus() {
        ServerSSLOptions options = renewed().setClientAuth(ClientAuth.REQUIRED);
        return options.setTrustOptions(nodes());
    }

    /** What the bus is told about its connections to other nodes, then too. */
    public ClientSSLOptions renewedBusClient() {
        ClientSSLOptions options = new ClientSSLOptions().setHostnameVerificationAlgorithm("");
        options.setEnabledSecureTransportProtocols(PROTOCOLS);
        return options.setKeyCertOptions(loaded().own()).setTrustOptions(nodes());
    }

    /** Towards other nodes: this node's certificate, and the same authorities, as the files have them at each connection. */
    public void lock(HttpClientOptions client) {
        engine(client);
        client.setKeyCertOptions(KeyCertOptions.wrap(peers.keys())).setTrustOptions(nodes());
        client.setVerifyHost(false);
    }

    private TrustOptions nodes() {
        return TrustOptions.wrap(peers.trust());
    }

    /** For sockets between nodes. */
    public SSLContext amongNodes() {
        return peers.context();
    }

    private ClientAuth clientAuth() {
        return switch (config.clientAuth()) {
            case "required" -> ClientAuth.REQUIRED;
            case "request" -> ClientAuth.REQUEST;
            default -> ClientAuth.NONE;
        };
    }

    private void equip(TCPSSLOptions options) {
        Read files = loaded();
        engine(options);
        options.setKeyCertOptions(files.own());
        PemTrustOptions trust = files.trust();
        if (trust != null) {
            options.setTrustOptions(trust);
        }
    }

    private static void engine(TCPSSLOptions options) {
        options.setSsl(true);
        options.setSslEngineOptions(OpenSsl.isAvailable() ? new OpenSSLEngineOptions() : new JdkSSLEngineOptions());
        options.setEnabledSecureTransportProtocols(PROTOCOLS);
    }
}
