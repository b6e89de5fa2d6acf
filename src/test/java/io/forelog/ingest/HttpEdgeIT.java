package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.access.Admission;
import io.forelog.bus.AppendReply;
import io.forelog.config.Namespace.State;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Elsewhere;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HttpEdgeIT {
    private static final String EMPTY = "{\"payload_text\":\"\"}";
    private static final EntryId ID = EntryId.parse("01976f00-0000-7000-8000-000000000001");

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    /** Every answer of this class is one that the document has. */
    private final DocumentedApi documented = new DocumentedApi();

    private EdgeFixture fixture;

    @BeforeAll
    void start() {
        fixture = new EdgeFixture(EdgeLimits.DEFAULT, Admission.OPEN, new OneEntry(), Duration.ofSeconds(25))
                .durable("ns");
        answering("low", ErrorCode.LOW_DISK);
        answering("full", ErrorCode.OVERLOADED);
        answering("quota", ErrorCode.QUOTA_EXCEEDED);
        answering("reused", ErrorCode.TOKEN_REUSED);
        answering("refused", ErrorCode.NOT_DURABLE);
        fixture.namespaces.put(Samples.namespace("orphan"));
        fixture.namespaces.stop(
                "foreign",
                WalException.elsewhere(
                        "namespace foreign: on shard blue",
                        Elsewhere.shard("blue", List.of("grpc://10.0.0.7:9090", "http://10.0.0.7:8080"))));
        fixture.namespaces.put(Samples.namespace("retiring", State.RETIRING, Order.NONE, "EMBEDDED", List.of()));
        fixture.namespaces.put(Samples.namespace("private", State.ACTIVE, Order.NONE, "EMBEDDED", List.of("alice")));
        fixture.namespaces.put(Samples.namespace("ordered", State.ACTIVE, Order.KEY, "KAFKA", List.of()));
        fixture.namespaces.put(Samples.namespace("silent"));
        fixture.pump("silent", batch -> Promise.<AppendReply>promise().future());
    }

    private void answering(String namespace, ErrorCode code) {
        fixture.namespaces.put(Samples.namespace(namespace));
        fixture.pump(
                namespace,
                batch -> EdgeFixture.all(batch, entry -> AppendOutcome.refused(entry.id(), code, "the queue says so")));
    }

    @BeforeEach
    void forget() {
        fixture.batches.clear();
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    @Test
    void theJsonFormBecomesTheEntryItDescribes() {
        HttpResponse<String> answer = json(
                "ns", """
                {"payload_text": "hi", "priority": "critical",
                 "lifecycle": {"delay": "PT3S", "time_to_live": "PT1M", "write_time": "2020-01-01T00:00:00Z"},
                 "target": {"name": "table", "destination": "users", "key": "k1", "operation": "DELETE",
                            "attributes": {"ttl": "60"}},
                 "idempotency_token": {"token": "t1", "generation_time": "2020-01-01T00:00:01Z"},
                 "headers": {"Content-Type": "text/plain"}}
                """,
                "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assertThat(answer.statusCode()).isEqualTo(201);
        Entry entry = only();
        JsonObject body = new JsonObject(answer.body());
        assertThat(body.getString("durable")).isEqualTo("TRUE");
        assertThat(body.getString("entry_id")).isEqualTo(entry.id().toString());
        assertThat(body.getString("message")).isEmpty();
        assertThat(body.getString("receipt")).startsWith("ns/0/");
        assertThat(entry.payload().toString()).isEqualTo("hi");
        assertThat(entry.dueMicros() - entry.acceptedMicros()).isEqualTo(3_000_000);
        assertThat(entry.expiresMicros() - entry.dueMicros()).isEqualTo(60_000_000);
        assertThat(entry.writeMicros()).isEqualTo(1_577_836_800_000_000L);
        assertThat(entry.routes()).containsExactly(2);
        assertThat(entry.destination()).isEqualTo("users");
        assertThat(entry.key().toString()).isEqualTo("k1");
        assertThat(entry.operation()).isEqualTo(Operation.DELETE);
        assertThat(entry.priority()).isEqualTo(Priority.CRITICAL);
        assertThat(entry.attributes()).containsExactly(Map.entry("ttl", "60"));
        assertThat(entry.headers()).containsEntry("content-type", "text/plain").containsKey("traceparent");
        assertThat(entry.token().token()).isEqualTo("t1");
        assertThat(entry.token().generationMicros()).isEqualTo(1_577_836_801_000_000L);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "{\"payload\": \"aGk=\"} | hi",
                "{\"payload_text\": \"h\\u00e9\"} | hé",
                "{\"payload_json\": {\"a\": [1.0, \"x\"]}} | {\"a\": [1.0, \"x\"]}",
                "{\"payload_json\": 12345678901234567890.10} | 12345678901234567890.10",
                "{\"payload_json\": \"text\", \"priority\": \"BULK\"} | \"text\"",
                "{\"payload_json\": null} | null",
                "{\"payload_json\":[ ]} | [ ]",
            })
    void aPayloadArrivesAsItWasWritten(String body, String payload) {
        assertThat(json("ns", body).statusCode()).isEqualTo(201);
        assertThat(only().payload().toString()).isEqualTo(payload);
    }

    @ParameterizedTest
    @CsvSource({"Forelog-Delay,PT3S", "Forelog-Target,hook", "Forelog-Attribute-TTL,5", "forelog-dely,PT3S"})
    void aHeaderThatTheJsonFormDoesNotTakeIsRefusedAndNotOverlooked(String header, String value) {
        for (HttpResponse<String> answer : List.of(
                json("ns", EMPTY, header, value),
                send(
                        "POST",
                        "/v1/namespaces/ns/entries:batch",
                        (EMPTY + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8),
                        "Content-Type",
                        "application/x-ndjson",
                        header,
                        value))) {
            assertThat(answer.statusCode()).isEqualTo(400);
            assertThat(new JsonObject(answer.body()).getString("detail"))
                    .startsWithIgnoringCase(header + ": no header of a JSON write (expected: a field of the body");
        }
        assertThat(fixture.batches).isEmpty();
        assertThat(json("ns", EMPTY, "Forelog-Priority", "BULK", "Forelog-Timeout", "PT1S", "Forelog-Raw", "false")
                        .statusCode())
                .isEqualTo(201);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/health/ready", "/metrics", "/admin/v1/namespaces"})
    void aPathOfTheManagementPortIsToldToBeThere(String path) {
        HttpResponse<String> answer = send("GET", path, new byte[0]);
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(answer.body()).contains("the management port");
    }

    @Test
    void theRawFormTakesItsTermsFromHeaders() {
        HttpResponse<String> answer = send(
                "POST",
                "/v1/namespaces/ns/entries",
                "raw bytes".getBytes(java.nio.charset.StandardCharsets.UTF_8),
                "Content-Type",
                "application/octet-stream",
                "Forelog-Delay",
                "PT3S",
                "Forelog-Target",
                "table",
                "Forelog-Destination",
                "orders",
                "Forelog-Key",
                "k",
                "Forelog-Operation",
                "touch",
                "Forelog-Priority",
                "BULK",
                "Forelog-Attribute-TTL",
                "5",
                "Idempotency-Key",
                "\"abc\"");
        assertThat(answer.statusCode()).isEqualTo(201);
        Entry entry = only();
        assertThat(entry.payload().toString()).isEqualTo("raw bytes");
        assertThat(entry.dueMicros() - entry.acceptedMicros()).isEqualTo(3_000_000);
        assertThat(entry.destination()).isEqualTo("orders");
        assertThat(entry.operation()).isEqualTo(Operation.TOUCH);
        assertThat(entry.priority()).isEqualTo(Priority.BULK);
        assertThat(entry.attributes()).containsExactly(Map.entry("ttl", "5"));
        assertThat(entry.headers()).containsExactly(Map.entry("content-type", "application/octet-stream"));
        assertThat(entry.token().token()).isEqualTo("abc");
    }

    @Test
    void aBinaryCloudEventKeepsItsAttributes() {
        HttpResponse<String> answer = send(
                "POST",
                "/v1/namespaces/ns/entries",
                "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8),
                "Content-Type",
                "application/json",
                "ce-specversion",
                "1.0",
                "ce-id",
                "1",
                "ce-source",
                "/s",
                "ce-type",
                "t",
                "ce-partitionkey",
                "p");
        assertThat(answer.statusCode()).isEqualTo(201);
        assertThat(only().headers()).containsEntry("ce-id", "1").containsEntry("content-type", "application/json");
        assertThat(only().key().toString()).isEqualTo("p");
        assertThat(only().payload().toString()).isEqualTo("{}");
    }

    @Test
    void aStructuredCloudEventIsCarriedInBinaryMode() {
        String event = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"data\":{\"a\":1}}";
        assertThat(typed("ns/entries", CloudEvents.STRUCTURED, event).statusCode())
                .isEqualTo(201);
        assertThat(only().payload().toString()).isEqualTo("{\"a\":1}");
        assertThat(only().headers())
                .isEqualTo(Map.of(
                        "ce-specversion", "1.0",
                        "ce-id", "1",
                        "ce-source", "/s",
                        "ce-type", "t",
                        "content-type", "application/json"));
    }

    @Test
    void aTokenThatItsQueueWillNotRecognizeIsAnsweredWithThat() {
        fixture.namespaces.put(Samples.namespace("forgetful", State.ACTIVE, Order.NONE, "KAFKA", List.of()));
        fixture.pump("forgetful", batch -> EdgeFixture.all(batch, fixture::appended));
        HttpResponse<String> answer = json("forgetful", EMPTY, "Idempotency-Key", "t1");
        assertThat(answer.statusCode()).isEqualTo(201);
        assertThat(answer.headers().firstValue("forelog-dedupe")).contains("none");
        assertThat(json("forgetful", EMPTY).headers().firstValue("forelog-dedupe"))
                .isEmpty();
        assertThat(json("ns", EMPTY, "Idempotency-Key", "t1").headers().firstValue("forelog-dedupe"))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\"} | ce-type: missing",
                "{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"} | ce-specversion: '0.3'",
                "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"Bad\":\"x\"} | 'Bad': no CloudEvents",
                "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":{}} | type: an object (expected: a text, ",
                "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"data_base64\":\"*\"} | data_base64: not",
                "[] | body: no object",
            })
    void aBadCloudEventIsRefusedWithItsFault(String event, String fault) {
        HttpResponse<String> answer = typed("ns/entries", CloudEvents.STRUCTURED, event);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(new JsonObject(answer.body()).getString("detail")).startsWith(fault.trim());
        assertThat(fixture.batches).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "{\"payload_text\": \"a\", \"payload\": \"YQ==\"} | 400 | payload: there is payload_text as well",
                "{\"payload_txt\": \"a\"} | 400 | payload_txt: unknown field",
                "{\"payload_text\":\"\",\"lifecycle\": {\"dely\": \"PT1S\"}} | 400 | lifecycle.dely: unknown field",
                "{\"payload_text\":\"\",\"lifecycle\": {\"delay\": \"PT-3S\"}} | 400 | lifecycle.delay: PT-3S (expected: >= PT0S)",
                "{\"payload_text\":\"\",\"lifecycle\": {\"delay\": \"3s\"}} | 400 | lifecycle.delay: '3s' (expected: an ISO-8601",
                "{\"payload_text\":\"\",\"lifecycle\": {\"delay\": \"PT25H\"}} | 400 | lifecycle.delay: PT25H (expected: at most PT24H",
                "{\"payload_text\":\"\",\"lifecycle\": {\"delay\": 3}} | 400 | lifecycle.delay: a number (expected: a text)",
                "{\"payload_text\":\"\",\"lifecycle\": {\"write_time\": \"2999-01-01T00:00:00Z\"}} | 400 | lifecycle.write_time: 2999",
                "{\"payload_text\":\"\",\"target\": {\"name\": \"nope\"}} | 422 | target.name: 'nope' (expected: one of [hook, table])",
                "{\"payload_text\":\"\",\"target\": {\"name\": \"old\"}} | 422 | target.name: 'old'",
                "{\"payload_text\":\"\",\"target\": {\"name\": \"table\", \"destination\": \"x\"}} | 422 | target.destination: 'x'",
                "{\"payload_text\":\"\",\"target\": {\"destination\": \"x\"}} | 422 | target.destination: 'x' (expected: empty",
                "{\"payload_text\":\"\",\"target\": {\"operation\": \"MERGE\"}} | 400 | target.operation: 'MERGE' (expected: one of [PUT",
                "{\"priority\": \"HIGH\"} | 400 | priority: 'HIGH'",
                "{\"payload_text\":\"\",\"idempotency_token\": {\"token\": \"\"}} | 400 | idempotency_token.token: 0 characters",
                "{\"payload_text\":\"\",\"headers\": {\"host\": \"x\"}} | 400 | headers: host",
                "{\"payload_text\":\"\",\"headers\": {\"x\": \"a\\r\\nb: c\"}} | 400 | headers: x",
                "{\"namespace\": \"other\"} | 400 | namespace: 'other'",
                "{\"payload\": \"*\"} | 400 | payload: not base64",
                "{\"payload_text\": \"a\"} x | 400 | body: ",
                "{\"payload_text\": \"a\" | 400 | body: ",
                "[] | 400 | body: an array (expected: an object)",
                "  | 400 | body: nothing",
            })
    void aWrongWriteIsRefusedWithEveryFaultNamed(String body, int status, String detail) {
        HttpResponse<String> answer = json("ns", body == null ? "" : body);
        JsonObject problem = new JsonObject(answer.body());
        String told = problem.getString("detail");
        if (detail.startsWith("headers: ")) {
            assertThat(told).startsWith("headers." + detail.substring(9));
        } else {
            assertThat(told).startsWith(detail.equals("body:") ? "body: " : detail);
        }
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.headers().firstValue("content-type")).hasValue("application/problem+json");
        assertThat(problem.getInteger("status")).isEqualTo(status);
        assertThat(problem.getString("durable")).isEqualTo("FALSE");
        assertThat(problem.getString("code")).isNotEmpty();
        assertThat(problem.getString("type")).startsWith("urn:forelog:problem:");
        assertThat(fixture.batches).isEmpty();
    }

    @Test
    void aBodyInACodingIs415() {
        HttpResponse<String> answer = json("ns", "{}", "Content-Encoding", "gzip");
        assertThat(answer.statusCode()).isEqualTo(415);
        assertThat(new JsonObject(answer.body()).getString("detail")).contains("Content-Encoding: 'gzip'");
        assertThat(answer.headers().firstValue("accept-encoding")).hasValue("identity");
        assertThat(fixture.batches).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "nope,404,UNKNOWN_NAMESPACE,false",
        "foreign,421,WRONG_SHARD,false",
        "orphan,503,UNAVAILABLE,true",
        "retiring,503,UNAVAILABLE,true",
        "private,403,PERMISSION_DENIED,false",
        "low,503,LOW_DISK,true",
        "refused,503,NOT_DURABLE,true",
        "full,503,OVERLOADED,true",
        "quota,429,QUOTA_EXCEEDED,true",
        "reused,422,TOKEN_REUSED,false",
    })
    void aRefusalHasItsStatusAndCode(String namespace, int status, String code, boolean retryAfter) {
        HttpResponse<String> answer = json(namespace, "{\"payload_text\":\"x\"}");
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(new JsonObject(answer.body()).getString("code")).isEqualTo(code);
        assertThat(new JsonObject(answer.body()).getString("durable")).isEqualTo("FALSE");
        assertThat(answer.headers().firstValue("retry-after").isPresent()).isEqualTo(retryAfter);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/namespaces/foreign/entries", "/v1/namespaces/foreign/entries:batch"})
    void aWriteToTheWrongShardIsToldTheRightOneInFieldsOfItsOwn(String path) {
        JsonObject problem = new JsonObject(send("POST", path, new byte[0], "Content-Type", "application/json")
                .body());
        assertThat(problem.getString("code")).isEqualTo("WRONG_SHARD");
        assertThat(problem.getString("shard")).isEqualTo("blue");
        assertThat(problem.getJsonArray("addresses")).containsExactly("grpc://10.0.0.7:9090", "http://10.0.0.7:8080");
        assertThat(problem.fieldNames()).doesNotContain("node");
        assertThat(new JsonObject(json("nope", "{}").body()).fieldNames()).doesNotContain("addresses", "shard");
    }

    @Test
    void anUnansweredWriteIs504AndUnknownWithItsId() {
        HttpResponse<String> answer = json("silent", "{\"payload_text\":\"x\"}", "Forelog-Timeout", "PT0.3S");
        assertThat(answer.statusCode()).isEqualTo(504);
        JsonObject problem = new JsonObject(answer.body());
        assertThat(problem.getString("durable")).isEqualTo("UNKNOWN");
        assertThat(problem.getString("entry_id")).isEqualTo(only().id().toString());
    }

    @Test
    void aDelayWithAKeyIsRefusedWhereTheQueueCannotOrderIt() {
        String body = "{\"payload_text\": \"\", \"lifecycle\": {\"delay\": \"PT1S\"}, \"target\": {\"key\": \"k\"}}";
        HttpResponse<String> answer = json("ordered", body);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("delivery.order: key");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "application/json | [{\"payload_text\": \"x\"}, {\"payload_text\": \"x\"}]",
                "application/x-ndjson | {\"payload_text\": \"x\"}\\n{\"payload_text\": \"x\"}",
                "application/cloudevents-batch+json | [{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":1},"
                        + "{\"specversion\":\"1.0\",\"id\":\"2\",\"source\":\"s\",\"type\":\"t\",\"data\":1}]"
            })
    void aBatchWithATokenHasOneForEachOfItsEntries(String type, String body) {
        String trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        HttpResponse<String> answer = send(
                "POST",
                "/v1/namespaces/ns/entries:batch",
                body.replace("\\n", "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8),
                "Content-Type",
                type,
                "Idempotency-Key",
                "\"k\"",
                "traceparent",
                trace,
                "Forelog-Priority",
                "bulk");
        assertThat(answer.statusCode()).isEqualTo(201);
        assertThat(fixture.entries()).extracting(entry -> entry.token().token()).containsExactly("k#0", "k#1");
        assertThat(fixture.entries()).allSatisfy(entry -> {
            assertThat(entry.headers()).containsEntry("traceparent", trace);
            assertThat(entry.priority()).isEqualTo(Priority.BULK);
        });
    }

    @Test
    void anEmptyTokenIsRefusedInABatchToo() {
        HttpResponse<String> answer = send(
                "POST",
                "/v1/namespaces/ns/entries:batch",
                "[{\"payload_text\": \"x\"}]".getBytes(java.nio.charset.StandardCharsets.UTF_8),
                "Content-Type",
                "application/json",
                "Idempotency-Key",
                "\"\"");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(fixture.entries()).isEmpty();
    }

    @Test
    void aTokenOfItsOwnIsKeptInABatch() {
        send(
                "POST",
                "/v1/namespaces/ns/entries:batch",
                "[{\"payload_text\": \"x\", \"idempotency_token\": {\"token\": \"own\"}}]"
                        .getBytes(java.nio.charset.StandardCharsets.UTF_8),
                "Content-Type",
                "application/json",
                "Idempotency-Key",
                "k");
        assertThat(only().token().token()).isEqualTo("own");
    }

    @Test
    void aPayloadOverTheLimitIsRefusedByItsLengthAlone() {
        byte[] large = new byte[Samples.PAYLOAD_BYTES_MAX + 1];
        HttpResponse<String> answer = send("POST", "/v1/namespaces/ns/entries", large, "Content-Type", "x/y");
        assertThat(answer.statusCode()).isEqualTo(413);
        byte[] exact = new byte[Samples.PAYLOAD_BYTES_MAX];
        assertThat(send("POST", "/v1/namespaces/ns/entries", exact, "Content-Type", "x/y")
                        .statusCode())
                .isEqualTo(201);
        assertThat(only().payload().length()).isEqualTo(Samples.PAYLOAD_BYTES_MAX);
    }

    @Test
    void aChunkedBodyIsBoundedToo() {
        String head = "POST /v1/namespaces/ns/entries HTTP/1.1\r\nHost: x\r\nContent-Type: x/y\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n";
        String chunk = "400\r\n" + "a".repeat(1_024) + "\r\n";
        assertThat(exchange(head + chunk.repeat(5) + "0\r\n\r\n")).startsWith("HTTP/1.1 413 ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"zz\r\nabc\r\n0\r\n\r\n", "3\r\nabcdef\r\n0\r\n\r\n"})
    void aBodyOfBrokenChunksIsAnswered400(String chunks) {
        String head = "POST /v1/namespaces/ns/entries HTTP/1.1\r\nHost: x\r\nContent-Type: x/y\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n";
        assertThat(exchange(head + chunks))
                .startsWith("HTTP/1.1 400 ")
                .contains("application/problem+json")
                .contains("\"detail\":\"body: ");
        assertThat(fixture.batches).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET /docs HTTP/1.1\r\nbad header\r\n\r\n", "nonsense\r\n\r\n"})
    void whatIsNoRequestIsAnsweredAsAProblem(String bytes) {
        assertThat(exchange(bytes))
                .matches("(?s)HTTP/1.[01] 400 .*")
                .contains("application/problem+json")
                .contains("MALFORMED_BODY");
    }

    @Test
    void aPathOrHeadersThatAreTooLongAreAnsweredAsProblems() {
        assertThat(exchange("GET /" + "a".repeat(10_000) + " HTTP/1.1\r\nHost: x\r\n\r\n"))
                .matches("(?s)HTTP/1.[01] 414 .*")
                .contains("application/problem+json");
        assertThat(exchange("GET /docs HTTP/1.1\r\nHost: x\r\nX: " + "a".repeat(40_000) + "\r\n\r\n"))
                .matches("(?s)HTTP/1.[01] 431 .*")
                .contains("application/problem+json");
    }

    @Test
    void aClientThatClosesItsSideBehindTheRequestGetsItsAnswer() throws IOException {
        try (java.net.Socket socket = new java.net.Socket("127.0.0.1", fixture.edge.httpPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write(("POST /v1/namespaces/ns/entries HTTP/1.1\r\nHost: x\r\nContent-Type: x/y\r\n"
                                    + "Content-Length: 2\r\n\r\nhi")
                            .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            String all = new String(socket.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.US_ASCII);
            assertThat(all).startsWith("HTTP/1.1 201 ").contains("\"durable\":\"TRUE\"");
        }
        assertThat(only().payload().toString()).isEqualTo("hi");
    }

    @Test
    void anIdleConnectionThatItsClientClosesEndsAtOnce() throws IOException {
        try (java.net.Socket socket = new java.net.Socket("127.0.0.1", fixture.edge.httpPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write("HEAD /docs HTTP/1.1\r\nHost: x\r\n\r\n"
                            .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            assertThat(socket.getInputStream().read()).isEqualTo('H');
            socket.shutdownOutput();
            assertThat(socket.getInputStream().readAllBytes()).isNotEmpty();
        }
    }

    @Test
    void anExpectationIsMetBeforeTheBodyIsSent() {
        String head = "POST /v1/namespaces/%s/entries HTTP/1.1\r\nHost: x\r\nContent-Type: x/y\r\n"
                + "Content-Length: %d\r\nExpect: 100-continue\r\n\r\n";
        assertThat(exchange(head.formatted("ns", 3))).startsWith("HTTP/1.1 100 ");
        assertThat(exchange(head.formatted("ns", 1_000_000))).startsWith("HTTP/1.1 413 ");
        assertThat(exchange(head.formatted("nope", 3))).startsWith("HTTP/1.1 404 ");
    }

    @Test
    void aBatchAnswersEveryEntryAndTheWorstStatus() {
        String body = "[{\"payload_text\":\"a\"},{\"bad\":1},{\"payload_text\":\"c\"}]";
        HttpResponse<String> answer = typed("ns/entries:batch", "application/json", body);
        assertThat(answer.statusCode()).isEqualTo(400);
        JsonArray outcomes = new JsonObject(answer.body()).getJsonArray("outcomes");
        assertThat(outcomes.stream().map(each -> ((JsonObject) each).getString("durable")))
                .containsExactly("TRUE", "FALSE", "TRUE");
        assertThat(outcomes.getJsonObject(1).getString("code")).isEqualTo("INVALID_ARGUMENT");
        assertThat(fixture.entries()).hasSize(2);
        assertThat(fixture.batches).hasSize(1);
    }

    @Test
    void aBatchOfLinesMayHaveEmptyOnes() {
        String body = "{\"payload_text\":\"a\"}\n\r\n{\"payload_text\":\"b\"}\r\n{\"payload_text\":\"c\"}";
        HttpResponse<String> answer = typed("ns/entries:batch", "application/x-ndjson", body);
        assertThat(answer.statusCode()).isEqualTo(201);
        assertThat(fixture.entries())
                .extracting(entry -> entry.payload().toString())
                .containsExactly("a", "b", "c");
    }

    @Test
    void aBatchOfCloudEventsIsTaken() {
        String event = "{\"specversion\":\"1.0\",\"id\":\"%d\",\"source\":\"/s\",\"type\":\"t\",\"data\":\"x\"}";
        String body = "[" + event.formatted(1) + "," + event.formatted(2) + "]";
        assertThat(typed("ns/entries:batch", CloudEvents.BATCH, body).statusCode())
                .isEqualTo(201);
        assertThat(fixture.entries())
                .extracting(entry -> entry.headers().get("ce-id"))
                .containsExactly("1", "2");
    }

    @Test
    void theWorstOfABatchCounts() {
        assertThat(typed("low/entries:batch", "application/json", "[" + EMPTY + ",{\"bad\":1}]")
                        .statusCode())
                .isEqualTo(503);
        assertThat(typed("ns/entries:batch", "application/json", "[]").statusCode())
                .isEqualTo(201);
        assertThat(typed("ns/entries:batch", "application/json", "[" + EMPTY).statusCode())
                .isEqualTo(400);
        assertThat(typed("ns/entries:batch", "application/json", "[" + (EMPTY + ",").repeat(1_000) + EMPTY + "]")
                        .statusCode())
                .isEqualTo(400);
        assertThat(typed("ns/entries:batch", "text/plain", "x").statusCode()).isEqualTo(415);
    }

    @ParameterizedTest
    @CsvSource({
        "GET,/v1/namespaces/ns/entries,405",
        "PUT,/v1/namespaces/ns/entries:batch,405",
        "POST,/v1/namespaces/ns/entries/01976f00-0000-7000-8000-000000000001,405",
        "POST,/docs,405",
        "OPTIONS,/v1/namespaces/ns/entries,204",
        "GET,/v1/namespaces/ns,404",
        "GET,/v1/namespaces/ns/entries/a/b,404",
        "GET,/nope,404",
        "GET,/,200",
        "HEAD,/,200",
        "GET,/docs,200",
        "GET,/openapi.json,200",
    })
    void aPathAnswersItsMethods(String method, String path, int status) {
        HttpResponse<String> answer = send(method, path, new byte[0]);
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.headers().firstValue("allow").isPresent()).isEqualTo(status == 405 || status == 204);
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/x-www-form-urlencoded", "multipart/form-data; boundary=x"})
    void aFormIsNoWrite(String type) {
        assertThat(typed("ns/entries", type, "a=b").statusCode()).isEqualTo(415);
    }

    @Test
    void anEntryIsFoundCancelledAndMoved() {
        String path = "/v1/namespaces/ns/entries/" + ID;
        assertThat(send("GET", path, new byte[0]).body()).contains("\"found\"");
        HttpResponse<String> tooLate = send("DELETE", path, new byte[0]);
        assertThat(tooLate.statusCode()).isEqualTo(409);
        assertThat(new JsonObject(tooLate.body()).getString("durable"))
                .as("an entry that can't be cancelled is not an entry that is nowhere")
                .isEqualTo("UNKNOWN");
        byte[] due = "{\"due\":\"2026-01-01T00:00:00Z\"}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        assertThat(send("PATCH", path, due).body()).contains("1767225600000000");
        assertThat(send("PATCH", path, "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8))
                        .statusCode())
                .isEqualTo(400);
        assertThat(send("GET", "/v1/namespaces/ns/entries/x", new byte[0]).statusCode())
                .isEqualTo(400);
        assertThat(send("GET", "/v1/namespaces/nope/entries/" + ID, new byte[0]).statusCode())
                .isEqualTo(404);
        for (String method : List.of("GET", "DELETE", "PATCH")) {
            assertThat(send(method, "/v1/namespaces/foreign/entries/" + ID, new byte[0])
                            .statusCode())
                    .isEqualTo(421);
        }
        assertThat(send("DELETE", "/v1/namespaces/private/entries/" + ID, new byte[0])
                        .statusCode())
                .isEqualTo(403);
        assertThat(send("PATCH", path, new byte[5_000]).statusCode()).isEqualTo(413);
        assertThat(send("PATCH", path, due, "Content-Encoding", "gzip").statusCode())
                .isEqualTo(415);
    }

    @ParameterizedTest
    @CsvSource({
        "ns,201",
        "nope,404",
        "foreign,421",
        "private,403",
        "retiring,503",
        "orphan,503",
        "quota,503",
        "reused,400",
        "low,503"
    })
    void aBatchIsAnsweredAsItsNamespaceAllows(String namespace, int status) {
        assertThat(typed(namespace + "/entries:batch", "application/json", "[" + EMPTY + "]")
                        .statusCode())
                .isEqualTo(status);
    }

    /** A desk that knows one entry, too late to cancel. */
    private static final class OneEntry implements EntryDesk {
        @Override
        public Future<JsonObject> find(String namespace, EntryId id) {
            return Future.succeededFuture(new JsonObject().put("found", id.toString()));
        }

        @Override
        public Future<JsonObject> cancel(String namespace, EntryId id) {
            return Future.failedFuture(new WalException(ErrorCode.TOO_LATE, "entry: delivered (expected: pending)"));
        }

        @Override
        public Future<JsonObject> reschedule(String namespace, EntryId id, long dueMicros) {
            return Future.succeededFuture(new JsonObject().put("due", dueMicros));
        }
    }

    private Entry only() {
        assertThat(fixture.entries()).hasSize(1);
        return fixture.entries().get(0);
    }

    private HttpResponse<String> json(String namespace, String body, String... headers) {
        String[] all = java.util.Arrays.copyOf(headers, headers.length + 2);
        all[headers.length] = "Content-Type";
        all[headers.length + 1] = "application/json";
        return send(
                "POST",
                "/v1/namespaces/" + namespace + "/entries",
                body.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                all);
    }

    private HttpResponse<String> typed(String rest, String type, String body) {
        return send(
                "POST",
                "/v1/namespaces/" + rest,
                body.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                "Content-Type",
                type);
    }

    private HttpResponse<String> send(String method, String path, byte[] body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + fixture.edge.httpPort() + path))
                .timeout(Duration.ofSeconds(20))
                .method(
                        method,
                        body.length == 0 && !method.equals("POST")
                                ? BodyPublishers.noBody()
                                : BodyPublishers.ofByteArray(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            HttpResponse<String> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            documented.holds(method, path, headers, answer);
            return answer;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Sends the bytes and answers what came back first. */
    private String exchange(String bytes) {
        NetClient raw = fixture.vertx.createNetClient();
        Future<String> first =
                raw.connect(fixture.edge.httpPort(), "127.0.0.1").compose(socket -> answer(socket, bytes));
        return EdgeFixture.wait(first);
    }

    private static Future<String> answer(NetSocket socket, String bytes) {
        Promise<String> first = Promise.promise();
        socket.handler((Buffer chunk) -> first.tryComplete(chunk.toString()));
        socket.write(bytes);
        return first.future().timeout(20, TimeUnit.SECONDS);
    }
}
