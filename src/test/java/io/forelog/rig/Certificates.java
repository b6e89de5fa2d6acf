package io.forelog.rig;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A certificate authority of a test and what it signs, as PEM files in a directory, made by the JDK's keytool. Blocks. */
public final class Certificates {
    private static final String PASSWORD = "changeit";

    private final Path directory;
    private final String authority;

    /** {@code authority}: its name; its certificate is {@code <authority>.crt}. */
    public Certificates(Path directory, String authority) {
        this.directory = directory;
        this.authority = authority;
        keytool("-genkeypair", "-alias", "k", "-keyalg", "EC", "-dname", "CN=" + authority, "-ext", "bc:c=ca:true");
        pem(authority);
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
        Path store = directory.resolve(name + ".p12");
        Path request = directory.resolve(name + ".csr");
        Path signed = directory.resolve(name + ".signed");
        run(store, "-genkeypair", "-alias", "k", "-keyalg", "EC", "-dname", "CN=" + name);
        run(store, "-certreq", "-alias", "k", "-file", request.toString());
        List<String> sign = new ArrayList<>(List.of("-gencert", "-alias", "k", "-rfc", "-infile", request.toString()));
        sign.addAll(List.of("-outfile", signed.toString(), "-ext", "san=" + names));
        sign.addAll(
                days > 0
                        ? List.of("-validity", Integer.toString(days))
                        : List.of("-startdate", (days - 1) + "d", "-validity", "1"));
        keytool(sign.toArray(String[]::new));
        run(
                store,
                "-importcert",
                "-noprompt",
                "-alias",
                "ca",
                "-file",
                authority().toString());
        run(store, "-importcert", "-noprompt", "-alias", "k", "-file", signed.toString());
        pem(name);
        return this;
    }

    private void keytool(String... arguments) {
        run(directory.resolve(authority + ".p12"), arguments);
    }

    private static void run(Path store, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of(arguments));
        command.addAll(List.of("-keystore", store.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
        try {
            Process made = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(store.resolveSibling("keytool.log").toFile())
                    .start();
            if (!made.waitFor(60, TimeUnit.SECONDS) || made.exitValue() != 0) {
                throw new AssertionError(command + ": " + Files.readString(store.resolveSibling("keytool.log")));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void pem(String name) {
        try {
            KeyStore keys = store(name);
            Certificate own = keys.getCertificate("k");
            Files.writeString(certificate(name), text("CERTIFICATE", own.getEncoded()));
            Files.writeString(
                    key(name),
                    text("PRIVATE KEY", keys.getKey("k", PASSWORD.toCharArray()).getEncoded()));
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
