package io.forelog.ingest;

import io.forelog.access.Identity;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Durable;
import io.forelog.model.Priority;
import io.forelog.model.WalException;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /v1/namespaces/{ns}/entries}: one write, in whatever form. What the headers tell is checked before the body
 * is read, and admission is asked before it is parsed. Owned by the event loop of its connection.
 */
final class HttpWriteCall implements Reply, Handler<Buffer> {
    private final HttpServerRequest request;
    private final Intake intake;
    private final Identity caller;
    private final String namespace;
    private final HttpForm form;
    private final long openedMicros;
    private @Nullable HttpBody body;

    private HttpWriteCall(HttpServerRequest request, Intake intake, Identity caller, String namespace, HttpForm form) {
        this.caller = caller;
        this.request = request;
        this.intake = intake;
        this.namespace = namespace;
        this.openedMicros = intake.micros();
        this.form = form;
    }

    static void open(HttpServerRequest request, Intake intake, Identity caller, String namespace) {
        Inlet inlet = intake.find(namespace);
        if (inlet == null) {
            HttpAnswers.problem(request.response(), intake.absence(namespace));
            return;
        }
        Refusal closed = intake.closed(inlet, caller);
        if (closed != null) {
            inlet.meters().refused(closed.code());
            HttpAnswers.problem(request.response(), closed);
            return;
        }
        HttpForm form;
        try {
            form = HttpForm.of(request.headers());
        } catch (WalException e) {
            inlet.meters().refused(e.code());
            HttpAnswers.problem(request.response(), Refusal.of(e));
            return;
        }
        HttpWriteCall call = new HttpWriteCall(request, intake, caller, namespace, form);
        int bytesMax = form.bodyBytesMax(
                inlet.terms().payloadBytesMax(), intake.limits().bodyBytesMax());
        call.body = HttpBody.read(request, intake.bodies(), bytesMax, call);
    }

    /** The whole body. */
    @Override
    public void handle(Buffer whole) {
        // A body may take its time: what its head was let in for may be over.
        Inlet inlet = intake.find(namespace);
        if (inlet == null) {
            refused(0, intake.absence(namespace));
            return;
        }
        Refusal closed = intake.closed(inlet, caller);
        if (closed != null) {
            intake.refuse(inlet, closed, this, 0);
            return;
        }
        handle(inlet, whole);
    }

    private void handle(Inlet inlet, Buffer whole) {
        MultiMap headers = request.headers();
        Intake.Admitted admitted = null;
        try {
            Priority priority = priority(headers, inlet.terms());
            Refusal refusal = intake.admit(inlet, priority, whole.length());
            if (refusal != null) {
                intake.refuse(inlet, refusal, this, 0);
                return;
            }
            admitted = new Intake.Admitted(priority, whole.length());
            WriteRequest write = form.read(inlet.name(), headers, whole);
            long timeout = intake.leftMicros(timeoutMicros(headers), openedMicros);
            Intake.Admitted handed = admitted;
            admitted = null;
            intake.writeAdmitted(inlet, write, handed, timeout, this, 0);
        } catch (RuntimeException e) {
            if (admitted != null) {
                intake.release(inlet, admitted.priority(), admitted.bytes());
            }
            intake.refuse(inlet, Refusal.of(WalException.of(e)), this, 0);
        }
    }

    static Priority priority(MultiMap headers, Terms terms) {
        String priority = headers.get("forelog-priority");
        return priority == null ? terms.priority() : Intake.priority(HttpHeadersIn.priority(priority), terms);
    }

    /** What the caller says it will wait, 0 = nothing. */
    static long timeoutMicros(MultiMap headers) {
        String timeout = headers.get("forelog-timeout");
        if (timeout == null) {
            return 0;
        }
        long micros = Times.durationMicros("Forelog-Timeout", timeout);
        if (micros <= 0) {
            throw JsonRequests.invalid("Forelog-Timeout", timeout, "> PT0S");
        }
        return micros;
    }

    @Override
    public void decided(int index, AppendOutcome outcome) {
        HttpServerResponse response = request.response();
        if (abandoned() || response.ended()) {
            return;
        }
        if (outcome.durable() != Durable.TRUE) {
            HttpAnswers.problem(response, outcome);
            return;
        }
        response.setStatusCode(201)
                .putHeader(HttpHeaders.CONTENT_TYPE, HttpAnswers.JSON)
                .end(HttpAnswers.durable(outcome));
    }

    @Override
    public void refused(int index, Refusal refusal) {
        if (!abandoned() && !request.response().ended()) {
            HttpAnswers.problem(request.response(), refusal);
        }
    }

    @Override
    public void undeduped() {
        HttpAnswers.undeduped(request.response());
    }

    @Override
    public Identity caller() {
        return caller;
    }

    @Override
    public boolean abandoned() {
        return body != null && body.gone();
    }
}
