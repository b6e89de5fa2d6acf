package io.forelog.target.http;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.target.Secrets;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The secrets that requests are signed with, the newest first. What they are kept in is read again every {@link #AGAIN_MILLIS}, off the event loop;
 * what can't be read or is no secret then changes nothing, and is logged once. Owned by the context it was opened on.
 */
final class SigningSecrets {
    static final long AGAIN_MILLIS = 2_000L;

    private static final Logger LOG = LoggerFactory.getLogger(SigningSecrets.class);

    private final Vertx vertx;
    private final String namespace;
    private final String target;
    private final List<String> references;
    private final long timer;
    private List<String> secrets;
    private WebhookSignature signature;
    private boolean reading;
    private String lastProblem = "";

    private SigningSecrets(
            Vertx vertx, String namespace, String target, List<String> references, List<String> secrets) {
        this.vertx = vertx;
        this.namespace = namespace;
        this.target = target;
        this.references = references;
        this.secrets = secrets;
        this.signature = WebhookSignature.of(secrets);
        this.timer = vertx.setPeriodic(AGAIN_MILLIS, again -> readAgain());
    }

    /** Fails with INVALID_ARGUMENT where {@code references} do not lead to secrets; the message names the reference only. */
    static Future<SigningSecrets> open(Vertx vertx, String namespace, String target, List<String> references) {
        return read(vertx, references)
                .map(secrets -> new SigningSecrets(vertx, namespace, target, references, secrets));
    }

    WebhookSignature signature() {
        return signature;
    }

    void close() {
        vertx.cancelTimer(timer);
    }

    private void readAgain() {
        if (reading) {
            return;
        }
        reading = true;
        read(vertx, references)
                .onComplete(
                        found -> {
                            reading = false;
                            lastProblem = "";
                            if (!found.equals(secrets)) {
                                secrets = found;
                                signature = WebhookSignature.of(found);
                                log("signing secrets taken over", "");
                            }
                        },
                        failure -> {
                            reading = false;
                            String problem = String.valueOf(failure.getMessage());
                            if (!problem.equals(lastProblem)) {
                                lastProblem = problem;
                                log("signing secrets can't be read, the old ones stay", problem);
                            }
                        });
    }

    private void log(String what, String problem) {
        (problem.isEmpty() ? LOG.atInfo() : LOG.atWarn())
                .addKeyValue(LogKeys.NAMESPACE, namespace)
                .addKeyValue(LogKeys.TARGET, target)
                .addKeyValue(LogKeys.COUNT, secrets.size())
                .addKeyValue(LogKeys.REASON, problem)
                .log(what);
    }

    /** In the order of {@code references}; each holds one or several, with white space between. */
    private static Future<List<String>> read(Vertx vertx, List<String> references) {
        List<Future<String>> contents = references.stream()
                .map(reference -> Secrets.resolve(vertx, reference))
                .toList();
        return Future.all(contents).compose(all -> {
            List<String> found = new ArrayList<>();
            for (int i = 0; i < references.size(); i++) {
                String content = contents.get(i).result();
                if (content.isBlank()) {
                    return invalid(references.get(i) + ": empty (expected: " + WebhookSignature.EXPECTATION + ")");
                }
                for (String secret : content.strip().split("\\s+")) {
                    if (!WebhookSignature.isSecret(secret)) {
                        return invalid(references.get(i) + ": holds what is no signing secret (expected: "
                                + WebhookSignature.EXPECTATION + ", several with white space between)");
                    }
                    found.add(secret);
                }
            }
            return found.size() <= WebhookSignature.SECRETS_MAX
                    ? Future.succeededFuture(found)
                    : invalid(
                            found.size() + " signing secrets (expected: at most " + WebhookSignature.SECRETS_MAX + ")");
        });
    }

    private static <T> Future<T> invalid(String problem) {
        return Future.failedFuture(new WalException(ErrorCode.INVALID_ARGUMENT, "signing_secrets: " + problem));
    }
}
