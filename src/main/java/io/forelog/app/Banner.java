package io.forelog.app;

import io.forelog.admin.NodeStatus;
import io.forelog.config.NodeConfig;
import java.io.PrintWriter;
import java.nio.file.Path;

/** What a person sees when the node is ready: where it listens, and a line to try where quickstart serves. Stateless. */
final class Banner {
    private Banner() {}

    static void print(PrintWriter out, NodeConfig config, Path conf, NodeStatus status, boolean quickstart) {
        String host =
                config.bindHost().equals("0.0.0.0") || config.bindHost().equals("::") ? "localhost" : config.bindHost();
        String scheme = config.locks().tls() == null ? "http" : "https";
        int http = status.ports().getOrDefault("http", 0);
        out.println();
        out.println("Forelog " + status.version() + " is ready.");
        out.printf("  HTTP writes  %s://%s:%d   (API: /docs)%n", scheme, host, http);
        out.printf("  gRPC writes  %s:%d%n", host, status.ports().getOrDefault("grpc", 0));
        out.printf(
                "  management   %s://%s:%d   (health, metrics, admin)%n",
                scheme, host, status.ports().getOrDefault("management", 0));
        out.printf(
                "  conf %s, data %s%n",
                conf.toAbsolutePath().normalize(),
                status.dataDirectory().toAbsolutePath().normalize());
        status.reasons().forEach(reason -> out.println("  ! " + reason));
        if (config.locks().identities() == null) {
            out.println("  open: whoever reaches these ports may use them (docs/security.md)");
        }
        out.println();
        if (quickstart && config.locks().tls() == null && config.locks().identities() == null) {
            tryIt(out, host, http);
        }
        out.flush();
    }

    private static void tryIt(PrintWriter out, String host, int http) {
        out.println("Try it: in a second terminal `./forelog receive`, in a third");
        out.printf(
                "  curl -i http://%s:%d/v1/namespaces/quickstart/entries -H 'content-type: application/json' \\%n"
                        + "    -d '{\"payload_text\": \"hello\", \"lifecycle\": {\"delay\": \"PT3S\"}, \"target\": {\"name\": \"hook\"}}'%n",
                host, http);
        out.println("and three seconds later it arrives. Ctrl-C stops.");
        out.println();
    }
}
