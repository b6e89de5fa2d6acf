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
        pem(authority, authority + ".p12");
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
        pem(name, name + ".p12");
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

    private void pem(String name, String store) {
        try {
            KeyStore keys = KeyStore.getInstance(directory.resolve(store).toFile(), PASSWORD.toCharArray());
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
