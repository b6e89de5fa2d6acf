package io.forelog.model;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** What the JDK's TLS needs, of PEM texts. Any thread. */
public final class Pem {
    private static final List<String> ALGORITHMS = List.of("EC", "RSA", "Ed25519");
    private static final char[] NO_PASSWORD = {};
    private static final byte[] PROBE = {1};
    private static final Map<String, String> SIGNATURES = Map.of("EC", "SHA256withECDSA", "RSA", "SHA256withRSA");

    private Pem() {}

    /** At least one. Fails where there is none. */
    public static Collection<? extends Certificate> certificates(byte[] pem) throws GeneralSecurityException {
        Collection<? extends Certificate> found =
                CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
        if (found.isEmpty()) {
            throw new CertificateException("no certificate");
        }
        return found;
    }

    public static String text(Certificate certificate) throws GeneralSecurityException {
        return "-----BEGIN CERTIFICATE-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate.getEncoded())
                + "\n-----END CERTIFICATE-----\n";
    }

    /** Of a certificate with the intermediate ones, and its key as PKCS#8. */
    public static KeyManager[] keys(byte[] chain, byte[] key) throws GeneralSecurityException {
        KeyStore store = empty();
        PrivateKey own = key(key);
        Certificate[] certificates = certificates(chain).toArray(Certificate[]::new);
        check(certificates[0], own);
        store.setKeyEntry("own", own, NO_PASSWORD, certificates);
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, NO_PASSWORD);
        return factory.getKeyManagers();
    }

    /** What one signs the other has to verify. */
    private static void check(Certificate certificate, PrivateKey key) throws GeneralSecurityException {
        String algorithm = SIGNATURES.getOrDefault(key.getAlgorithm(), key.getAlgorithm());
        Signature signature = Signature.getInstance(algorithm);
        signature.initSign(key);
        signature.update(PROBE);
        byte[] signed = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        signature.update(PROBE);
        boolean good;
        try {
            good = signature.verify(signed);
        } catch (SignatureException e) {
            good = false;
        }
        if (!good) {
            throw new InvalidKeyException("another certificate's key");
        }
    }

    public static TrustManager[] trust(byte[] authorities) throws GeneralSecurityException {
        KeyStore store = empty();
        int count = 0;
        for (Certificate each : certificates(authorities)) {
            store.setCertificateEntry("ca" + count++, each);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }

    private static KeyStore empty() throws GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try {
            store.load(null, NO_PASSWORD);
        } catch (IOException e) {
            throw new IllegalStateException("nothing is read", e);
        }
        return store;
    }

    private static PrivateKey key(byte[] pem) throws GeneralSecurityException {
        String text = new String(pem, StandardCharsets.US_ASCII)
                .replaceAll("-----[A-Z ]+-----", "")
                .replaceAll("\\s", "");
        PKCS8EncodedKeySpec spec;
        try {
            spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text));
        } catch (IllegalArgumentException e) {
            throw new InvalidKeySpecException("no PEM", e);
        }
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(spec);
            } catch (InvalidKeySpecException e) {
                // the next, then
            }
        }
        throw new InvalidKeySpecException("the key is none of " + ALGORITHMS);
    }
}
