package io.forelog.access;

import io.forelog.config.LocksConfig.TlsConfig;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.netty.handler.ssl.OpenSsl;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.net.TCPSSLOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A node's certificate, key and the authorities it believes, as its files have them; BoringSSL where it runs, else the JDK's TLS. TLS
 * 1.2 and 1.3. {@link #load} blocks; the rest any thread.
 */
public final class TlsFiles {
    private static final Set<String> PROTOCOLS = Set.of("TLSv1.2", "TLSv1.3");

    private final TlsConfig config;
    private volatile @Nullable Read read;

    private record Read(
            Buffer certificate, Buffer key, @Nullable Buffer clientCa) {
        PemKeyCertOptions own() {
            return new PemKeyCertOptions().addCertValue(certificate).addKeyValue(key);
        }

        @Nullable
        PemTrustOptions trust() {
            return clientCa == null ? null : new PemTrustOptions().addCertValue(clientCa);
        }
    }

    public TlsFiles(TlsConfig config) {
        this.config = config;
    }

    /** Whether they have changed since the last time. Fails with INVALID_ARGUMENT where one can't be read. */
    public boolean load() {
        Path ca = config.clientCa();
        Read now = new Read(
                certificates("certificate", config.certificate()),
                file("key", config.key()),
                ca == null ? null : certificates("client_ca", ca));
        boolean changed = !now.equals(read);
        read = now;
        return changed;
    }

    private static Buffer certificates(String key, Path file) {
        Buffer pem = file(key, file);
        try {
            if (CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(pem.getBytes()))
                    .isEmpty()) {
                throw new CertificateException("none");
            }
        } catch (CertificateException e) {
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

    /** The port for nodes alone: with {@code client_ca} they have to show a certificate. */
    public void lock(EventBusOptions bus) {
        equip(bus);
        believeEachOther(bus);
        bus.setClientAuth(config.clientCa() == null ? ClientAuth.NONE : ClientAuth.REQUIRED);
    }

    /** Towards other nodes: this node's certificate, and the same authorities. */
    public void lock(HttpClientOptions client) {
        equip(client);
        believeEachOther(client);
        client.setVerifyHost(false);
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
        options.setSsl(true);
        options.setSslEngineOptions(OpenSsl.isAvailable() ? new OpenSSLEngineOptions() : new JdkSSLEngineOptions());
        options.setKeyCertOptions(files.own());
        options.setEnabledSecureTransportProtocols(PROTOCOLS);
        PemTrustOptions trust = files.trust();
        if (trust != null) {
            options.setTrustOptions(trust);
        }
    }

    /** Without an authority of their own, nodes believe the certificate that they all have. */
    private void believeEachOther(TCPSSLOptions options) {
        if (config.clientCa() == null) {
            options.setTrustOptions(new PemTrustOptions().addCertValue(loaded().certificate()));
        }
    }
}
