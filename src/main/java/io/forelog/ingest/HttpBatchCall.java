package io.forelog.ingest;

import io.forelog.access.Identity;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Durable;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /v1/namespaces/{ns}/entries:batch}: a JSON array, lines of JSON, or a batch of CloudEvents. An entry that
 * is wrong is refused alone; the status is the worst of all. Owned by the event loop of its connection.
 */
final class HttpBatchCall implements Reply, Handler<Buffer> {
    private final HttpServerRequest request;
    private final Intake intake;
    private final Identity caller;
    private final Inlet inlet;
    private final HttpForm form;
    private final long openedMicros;
    private @Nullable HttpBody body;
    private String[] outcomes = {};
    private int waiting;
    private int worst = 201;

    private HttpBatchCall(HttpServerRequest request, Intake intake, Identity caller, Inlet inlet, HttpForm form) {
        this.caller = caller;
        this.request = request;
        this.intake = intake;
        this.inlet = inlet;
        this.form = form;
        this.openedMicros = intake.micros();
    }

    static void open(HttpServerRequest request, Intake intake, Identity caller, String namespace) {
        Inlet inlet = intake.find(namespace);
        if (inlet == null) {
            HttpAnswers.problem(request.response(), intake.absence(namespace));
            return;
        }
        Refusal refusal = intake.closed(inlet, caller);
        HttpForm form = HttpForm.JSON;
        if (refusal == null) {
            try {
                form = form(request.headers());
            } catch (WalException e) {
                refusal = Refusal.of(e);
            }
        }
        if (refusal != null) {
            inlet.meters().refused(refusal.code());
            HttpAnswers.problem(request.response(), refusal);
            return;
        }
        HttpBatchCall call = new HttpBatchCall(request, intake, caller, inlet, form);
        call.body = HttpBody.read(request, intake.bodies(), intake.limits().batchBodyBytesMax(), call);
    }

    private static HttpForm form(MultiMap headers) {
        HttpForm form = HttpForm.of(headers);
        if (form == HttpForm.JSON || form == HttpForm.JSON_LINES || form == HttpForm.EVENT_BATCH) {
            return form;
        }
        throw new WalException(
                ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                "Content-Type: " + Validator.quote(String.valueOf(headers.get(HttpHeaders.CONTENT_TYPE)))
                        + " (expected: application/json, application/x-ndjson or " + CloudEvents.BATCH + ")");
    }

    /** The whole body. */
    @Override
    public void handle(Buffer whole) {
        List<JsonRequests.Slice> elements;
        long timeout;
        try {
            timeout = intake.leftMicros(HttpWriteCall.timeoutMicros(request.headers()), openedMicros);
            JsonRequests.Slice slice = HttpBody.slice(whole);
            int max = intake.limits().batchRequestEntries();
            elements = form == HttpForm.JSON_LINES ? lines(slice, max) : JsonRequests.elements(slice, max);
        } catch (RuntimeException e) {
            Refusal refusal = Refusal.of(WalException.of(e));
            inlet.meters().refused(refusal.code());
            HttpAnswers.problem(request.response(), refusal);
            return;
        }
        outcomes = new String[elements.size()];
        waiting = elements.size();
        if (waiting == 0) {
            end();
        }
        for (int i = 0; i < elements.size(); i++) {
            write(elements.get(i), timeout, i);
        }
    }

    private static List<JsonRequests.Slice> lines(JsonRequests.Slice body, int max) {
        List<JsonRequests.Slice> lines = new ArrayList<>();
        int end = body.offset() + body.length();
        int from = body.offset();
        for (int at = from; at <= end; at++) {
            if (at == end || body.array()[at] == '\n') {
                if (!isBlank(body.array(), from, at)) {
                    if (lines.size() == max) {
                        throw new WalException(
                                ErrorCode.INVALID_ARGUMENT,
                                "body: more than " + max + " entries (expected: at most " + max + ")");
                    }
                    lines.add(new JsonRequests.Slice(body.array(), from, at - from));
                }
                from = at + 1;
            }
        }
        return lines;
    }

    private static boolean isBlank(byte[] array, int from, int to) {
        for (int i = from; i < to; i++) {
            if (array[i] != ' ' && array[i] != '\t' && array[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    private void write(JsonRequests.Slice element, long timeout, int index) {
        WriteRequest write;
        try {
            write = form.readOneOf(inlet.name(), request.headers(), element, index);
        } catch (RuntimeException e) {
            intake.refuse(inlet, Refusal.of(WalException.of(e)), this, index);
            return;
        }
        intake.write(write, timeout, this, index);
    }

    @Override
    public void decided(int index, AppendOutcome outcome) {
        StringBuilder json = new StringBuilder(160).append('{');
        HttpAnswers.outcome(json, outcome);
        ErrorCode code = outcome.code();
        int status = 201;
        if (outcome.durable() == Durable.UNKNOWN) {
            status = 504;
        } else if (outcome.durable() == Durable.FALSE) {
            status = code == null ? 503 : code.httpStatus();
        }
        answered(index, json.append('}').toString(), status);
    }

    @Override
    public void refused(int index, Refusal refusal) {
        StringBuilder json = new StringBuilder(160).append('{');
        HttpAnswers.refusal(json, refusal);
        answered(index, json.append('}').toString(), refusal.code().httpStatus());
    }

    private void answered(int index, String json, int status) {
        outcomes[index] = json;
        worst = Math.max(worst, severity(status));
        if (--waiting == 0) {
            end();
        }
    }

    /** 504, 503, 400, 201, as the design has it; another refusal counts as the one of its class. */
    private static int severity(int status) {
        return status == 504 || status == 201 ? status : status >= 500 || status == 429 ? 503 : 400;
    }

    private void end() {
        HttpServerResponse response = request.response();
        if (abandoned() || response.ended()) {
            return;
        }
        if (worst == 503) {
            response.putHeader(HttpHeaders.RETRY_AFTER, "1");
        }
        StringBuilder json = new StringBuilder(outcomes.length * 160 + 32).append("{\"outcomes\":[");
        for (int i = 0; i < outcomes.length; i++) {
            json.append(i == 0 ? "" : ",").append(outcomes[i]);
        }
        response.setStatusCode(worst)
                .putHeader(HttpHeaders.CONTENT_TYPE, HttpAnswers.JSON)
                .end(Buffer.buffer(json.append("]}").toString()));
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
