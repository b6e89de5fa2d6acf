package io.forelog.rig.backend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ElasticMqIT {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @Test
    void keepsQueuesAndMessagesOverAKill() throws Exception {
        ElasticMq server = ElasticMq.shared();
        ask(server.endpoint(), Map.of("Action", "CreateQueue", "QueueName", "rig-self-test"));
        URI queue = URI.create(server.endpoint() + "/000000000000/rig-self-test");
        assertThat(ask(queue, Map.of("Action", "SendMessage", "MessageBody", "still-here")))
                .contains("MessageId");

        server.killAndRestart();

        assertThat(ask(queue, Map.of("Action", "ReceiveMessage"))).contains("still-here");
        assertThat(ElasticMq.shared()).isSameAs(server);
    }

    private static String ask(URI where, Map<String, String> parameters) throws Exception {
        String form = parameters.entrySet().stream()
                .map(pair -> pair.getKey() + "=" + URLEncoder.encode(pair.getValue(), UTF_8))
                .collect(Collectors.joining("&"));
        HttpRequest request = HttpRequest.newBuilder(where)
                .timeout(Duration.ofSeconds(20))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form))
                .build();
        HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }
}
