package io.forelog.app;

import io.forelog.config.NodeConfig;
import io.forelog.config.NodeConfigReader;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The file {@code forelog.yaml} of a conf directory. Stateless; blocks. */
final class NodeFile {
    static final String NAME = "forelog.yaml";

    private NodeFile() {}

    /** Fails with INVALID_ARGUMENT, the file and each of its problems; every default where there is no such file. */
    static NodeConfig read(Path conf, AdapterCatalogue catalogue) {
        Path file = conf.resolve(NAME);
        try {
            NodeConfig config = NodeConfigReader.read(
                    Files.exists(file) ? Files.readString(file) : missing(conf), hostName(), catalogue.schemas());
            List<String> problems = catalogue.settingsProblems(config);
            if (!problems.isEmpty()) {
                throw new WalException(ErrorCode.INVALID_ARGUMENT, String.join("\n", problems));
            }
            return config;
        } catch (WalException e) {
            String text = String.valueOf(e.getMessage());
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    file + (text.contains("\n") ? ":\n  " + text.replace("\n", "\n  ") : ": " + text),
                    e);
        } catch (IOException e) {
            throw new WalException(ErrorCode.INVALID_ARGUMENT, file + ": " + e + " (expected: a file to read)", e);
        }
    }

    /** A directory without the file is a node with every default; no directory is a slip of the keyboard. */
    private static String missing(Path conf) {
        if (!Files.isDirectory(conf)) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "--conf " + conf.toAbsolutePath() + ": no such directory (expected: one with " + NAME
                            + " and namespaces/)");
        }
        return "";
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
