package io.forelog.client;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;

/** An answer that says no: RFC 9457's problem, with Forelog's code. */
public final class Problem extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String code;
    private final String body;

    /** {@code body} may be anything; what is no problem document becomes the text. */
    Problem(int status, String body) {
        super(text(status, body), null, false, false);
        this.status = status;
        this.body = body;
        this.code = Json.parse(body).getString("code", "HTTP_" + status);
    }

    public int status() {
        return status;
    }

    /** An {@link io.forelog.model.ErrorCode}'s name, or one of a newer server. */
    public String code() {
        return code;
    }

    /** All that was found wrong; at least one. */
    public List<String> problems() {
        JsonArray problems = Json.parse(body).getJsonArray("problems", new JsonArray());
        return problems.isEmpty()
                ? List.of(String.valueOf(getMessage()))
                : problems.stream().map(String::valueOf).toList();
    }

    private static String text(int status, String body) {
        JsonObject json = Json.parse(body);
        String detail = json.getString("detail", body.lines().findFirst().orElse(""));
        return json.getString("code", "HTTP " + status) + ": " + detail;
    }
}
