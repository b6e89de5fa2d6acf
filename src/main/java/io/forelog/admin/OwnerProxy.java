package io.forelog.admin;

import io.forelog.access.Credentials;
import io.forelog.access.Locks;
import io.forelog.access.TlsFiles;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Hands a request about the entries of a namespace to the node that has them, once: who is asked by another node and does not have
 * them either says 421. Documents are everybody's. On the server's event loop; bounded by its pool.
 */
final class OwnerProxy {
    private static final String FORWARDED = "Forelog-Forwarded";
    private static final String OF_NAMESPACE = "/admin/v1/namespaces/{ns}";
    private static final Set<String> DOCUMENTS =
            Set.of(OF_NAMESPACE, OF_NAMESPACE + "/history", OF_NAMESPACE + ":rollback");
    private static final List<String> SENT =
            List.of("Accept", "Authorization", "Content-Type", "If-Match", "X-Api-Key");
    private static final List<String> ANSWERED = List.of("ETag", "Retry-After", "Location");
    private static final long LIMIT_MILLIS = 29_000;

    private final NodeServices node;
    private final Locks locks;
    private final HttpClient client;

    OwnerProxy(Vertx vertx, NodeServices node, Locks locks) {
        this.node = node;
        this.locks = locks;
        HttpClientOptions options =
                new HttpClientOptions().setConnectTimeout(2_000).setIdleTimeout(60);
        TlsFiles tls = locks.tls();
        if (tls != null) {
            tls.lock(options);
        }
        this.client = vertx.createHttpClient(
                options, new PoolOptions().setHttp1MaxSize(16).setMaxWaitQueueSize(256));
    }

    /** Whether another node has to answer. */
    boolean isElsewhere(Routes.Match match) {
        return match.template().startsWith(OF_NAMESPACE)
                && !DOCUMENTS.contains(match.template())
                && node.home(match.path().getOrDefault("ns", "")).isPresent();
    }

    /** With the caller's own credential; of one whom a certificate named, this node says who it is. */
    Future<Answer> ask(HttpServerRequest request, Routes.Match match, Buffer body, String principal) {
        String namespace = match.path().getOrDefault("ns", "");
        NodeServices.Home home = node.home(namespace)
                .orElseThrow(() -> new WalException(ErrorCode.UNAVAILABLE, namespace + ": moves this moment"));
        if (request.getHeader(FORWARDED) != null) {
            return Future.failedFuture(new WalException(
                    ErrorCode.WRONG_SHARD,
                    namespace + ": its entries lie on node " + home.node() + " (expected: a request to "
                            + (home.management().isEmpty() ? "that node" : home.management()) + ")"));
        }
        if (home.management().isEmpty()) {
            return Future.failedFuture(away(namespace, home, "it is not among the nodes that live"));
        }
        int colon = home.management().lastIndexOf(':');
        RequestOptions options = new RequestOptions()
                .setMethod(request.method())
                .setSsl(locks.tls() != null)
                .setHost(home.management().substring(0, colon))
                .setPort(Integer.parseInt(home.management().substring(colon + 1)))
                .setURI(request.uri())
                .setTimeout(LIMIT_MILLIS)
                .putHeader(FORWARDED, node.status().name());
        for (String name : SENT) {
            String value = request.getHeader(name);
            if (value != null) {
                options.putHeader(name, value);
            }
        }
        boolean carries = request.getHeader("Authorization") != null || request.getHeader("X-Api-Key") != null;
        if (locks.identified() && !carries) {
            options.putHeader(Credentials.ON_BEHALF, principal);
        }
        return client.request(options)
                .compose(asked -> asked.send(body))
                .compose(response -> response.body().map(answer -> {
                    String type = response.getHeader("Content-Type");
                    return new Answer(
                            response.statusCode(),
                            type == null ? "application/octet-stream" : type,
                            answer,
                            headers(response.headers()));
                }))
                .recover(failure -> Future.failedFuture(away(namespace, home, String.valueOf(failure.getMessage()))));
    }

    private static Map<String, String> headers(MultiMap answered) {
        Map<String, String> headers = new TreeMap<>();
        for (String name : ANSWERED) {
            String value = answered.get(name);
            if (value != null) {
                headers.put(name, value);
            }
        }
        return headers;
    }

    private static WalException away(String namespace, NodeServices.Home home, String why) {
        return new WalException(
                ErrorCode.UNAVAILABLE,
                namespace + ": its entries lie on node " + home.node() + ", which does not answer: " + why);
    }

    Future<Void> close() {
        return client.close();
    }
}
