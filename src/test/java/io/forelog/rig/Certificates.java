package io.forelog.rig;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A certificate authority of a test and what it signs, as PEM files and key stores in a directory. */
public final class Certificates {
    private static final String PASSWORD = "changeit";
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Path directory;
    private final String authority;

    /** {@code authority}: its name; its certificate is {@code <authority>.crt}. */
    public Certificates(Path directory, String authority) {
        this.directory = directory;
        this.authority = authority;
        KeyPair keys = pair();
        Instant now = Instant.now();
        keep(
                authority,
                keys,
                List.of(signed(authority, keys, authority, keys, now, now.plus(Duration.ofDays(90)), "")));
    }

    public Path authority() {
        return directory.resolve(authority + ".crt");
    }

    public Path certificate(String name) {
        return directory.resolve(name + ".crt");
    }

    public Path key(String name) {
        return directory.resolve(name + ".key");
    }

    /** That shows the certificate of that name and believes this authority. */
    public SSLContext context(String name) {
        return showing(this, name);
    }

    /** That shows another authority's certificate and believes this one. */
    public SSLContext showing(Certificates issuer, String name) {
        try {
            KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
            keys.init(issuer.store(name), PASSWORD.toCharArray());
            return context(keys.getKeyManagers());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** That shows no certificate and believes this authority. */
    public SSLContext trusting() {
        return context(new KeyManager[0]);
    }

    private SSLContext context(KeyManager[] shown) {
        try {
            KeyStore believed = KeyStore.getInstance("PKCS12");
            believed.load(null, null);
            believed.setCertificateEntry("ca", store(authority).getCertificate("k"));
            TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(believed);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(shown, trust.getTrustManagers(), null);
            return context;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private KeyStore store(String name) throws GeneralSecurityException, IOException {
        return KeyStore.getInstance(directory.resolve(name + ".p12").toFile(), PASSWORD.toCharArray());
    }

    /** {@code names}: its subject alternative names, as keytool has them. */
    public Certificates issue(String name, String names) {
        return issue(name, names, 30);
    }

    /** {@code days} below 0: it was valid once. */
    public Certificates issue(String name, String names, int days) {
        KeyPair keys = pair();
        Instant from = days > 0 ? Instant.now().minusSeconds(1) : Instant.now().minus(Duration.ofDays(1L - days));
        Instant to = from.plus(Duration.ofDays(days > 0 ? days : 1));
        try {
            KeyStore own = store(authority);
            X509Certificate top = (X509Certificate) own.getCertificate("k");
            KeyPair signer = new KeyPair(top.getPublicKey(), (PrivateKey) own.getKey("k", PASSWORD.toCharArray()));
            keep(name, keys, List.of(signed(name, keys, authority, signer, from, to, names), top));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        return this;
    }

    private static KeyPair pair() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(256);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** {@code names} empty: an authority's own. */
    private static X509Certificate signed(
            String name, KeyPair keys, String issuer, KeyPair signer, Instant from, Instant to, String names) {
        JcaX509v3CertificateBuilder made = new JcaX509v3CertificateBuilder(
                new X500Name("CN=" + issuer),
                new BigInteger(64, RANDOM).setBit(1),
                Date.from(from),
                Date.from(to),
                new X500Name("CN=" + name),
                keys.getPublic());
        try {
            if (names.isEmpty()) {
                made.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
            } else {
                made.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names(names)));
            }
            return new JcaX509CertificateConverter()
                    .getCertificate(
                            made.build(new JcaContentSignerBuilder("SHA256withECDSA").build(signer.getPrivate())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (OperatorCreationException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static GeneralName[] names(String names) {
        return Arrays.stream(names.split(",", -1))
                .map(each -> {
                    String kind = each.substring(0, each.indexOf(':'));
                    int tag = switch (kind) {
                        case "ip" -> GeneralName.iPAddress;
                        case "dns" -> GeneralName.dNSName;
                        case "uri" -> GeneralName.uniformResourceIdentifier;
                        default -> throw new IllegalArgumentException(each + " (expected: ip:, dns: or uri:)");
                    };
                    return new GeneralName(tag, each.substring(kind.length() + 1));
                })
                .toArray(GeneralName[]::new);
    }

    /** As {@code .p12} (the key as {@code k}, the authority as {@code ca}), {@code .crt} and {@code .key}. */
    private void keep(String name, KeyPair keys, List<X509Certificate> chain) {
        try (OutputStream file = Files.newOutputStream(directory.resolve(name + ".p12"))) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            char[] password = PASSWORD.toCharArray();
            store.setKeyEntry("k", keys.getPrivate(), password, chain.toArray(new Certificate[0]));
            if (chain.size() > 1) {
                store.setCertificateEntry("ca", chain.get(1));
            }
            store.store(file, password);
            Files.writeString(
                    certificate(name), text("CERTIFICATE", chain.get(0).getEncoded()));
            Files.writeString(key(name), text("PRIVATE KEY", keys.getPrivate().getEncoded()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String text(String what, byte[] der) {
        return "-----BEGIN " + what + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der) + "\n-----END " + what + "-----\n";
    }
}
