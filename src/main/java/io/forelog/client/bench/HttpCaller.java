package io.forelog.client.bench;

import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** {@code POST …/entries} with the payload as the body, HTTP/1.1 on pooled connections. Owned by one event loop. */
final class HttpCaller implements Caller {
    private final Connections connections;
    private final List<Call> calls;
    private int next;

    private record Call(RequestOptions options, Buffer body) {}

    HttpCaller(Vertx vertx, String host, int port, int connections, Workload work) {
        this.connections = Connections.http1(vertx, connections);
        this.calls = new ArrayList<>();
        for (List<WriteToLogRequest> call : work.calls()) {
            WriteToLogRequest entry = call.get(0);
            calls.add(new Call(
                    options(host, port, work, entry),
                    Buffer.buffer(entry.getPayload().toByteArray())));
        }
    }

    @Override
    public int entriesPerCall() {
        return 1;
    }

    @Override
    public Future<Answers> call() {
        Call call = calls.get(next);
        next = next + 1 == calls.size() ? 0 : next + 1;
        return connections
                .next()
                .request(call.options())
                .compose(request -> request.send(call.body()))
                .compose(response -> response.body().map(body -> read(response, body)))
                .otherwise(failure -> Answers.unknown(1));
    }

    @Override
    public Future<Void> close() {
        return connections.close();
    }

    /** The status tells TRUE from the rest; which of the rest it is stands in the problem. */
    private static Answers read(HttpClientResponse response, Buffer body) {
        int status = response.statusCode();
        if (status == 201) {
            return new Answers(1, 0, 0, 0);
        }
        if (status == 503 && body.toString().contains("\"LOW_DISK\"")) {
            return new Answers(0, 1, 0, 0);
        }
        return status == 504 || status == 500 || status < 400 ? Answers.unknown(1) : Answers.refused(1);
    }

    private static RequestOptions options(String host, int port, Workload work, WriteToLogRequest entry) {
        RequestOptions options = new RequestOptions()
                .setHost(host)
                .setPort(port)
                .setMethod(HttpMethod.POST)
                .setURI("/v1/namespaces/" + entry.getNamespace() + "/entries")
                .putHeader("content-type", "application/octet-stream");
        if (!work.target().isEmpty()) {
            options.putHeader("forelog-target", work.target());
        }
        if (!entry.getTarget().getKey().isEmpty()) {
            options.putHeader("forelog-key", entry.getTarget().getKey().toStringUtf8());
        }
        if (!work.priority().isEmpty()) {
            options.putHeader("forelog-priority", work.priority().toUpperCase(Locale.ROOT));
        }
        return options;
    }
}
