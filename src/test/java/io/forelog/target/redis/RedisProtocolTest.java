package io.forelog.target.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RedisProtocolTest {
    private static final List<String> REPLIES = List.of(
            "+OK\r\n",
            ":1\r\n",
            "-WRONGTYPE no\r\n",
            "$-1\r\n",
            "$0\r\n\r\n",
            "$17\r\n1700000000000-12\n\r\n",
            "*-1\r\n",
            "*0\r\n",
            "*3\r\n:1\r\n*2\r\n$1\r\n*\r\n+x\r\n$2\r\n\r\n\r\n",
            "+PONG\r\n");

    private final RedisProtocol protocol = new RedisProtocol();

    /** However the network cuts them. */
    @Test
    void eachReplyEndsWhereTheNextBegins() {
        String all = String.join("", REPLIES);
        for (int cut = 0; cut <= all.length(); cut++) {
            Buffer data = Buffer.buffer(all.substring(0, cut));
            List<String> read = new ArrayList<>();
            int start = 0;
            for (int end = end(data, start); end >= 0; end = end(data, start)) {
                read.add(data.getString(start, end));
                start = end;
            }
            assertThat(read).as("cut at %d", cut).isEqualTo(REPLIES.subList(0, read.size()));
            assertThat(all.indexOf(data.getString(start, cut), start))
                    .as("what is left at %d", cut)
                    .isEqualTo(start);
            assertThat(cut - start)
                    .as("no whole reply is left at %d", cut)
                    .isLessThan(
                            read.size() < REPLIES.size()
                                    ? REPLIES.get(read.size()).length()
                                    : 1);
        }
    }

    private int end(Buffer data, int from) {
        return from < data.length() ? protocol.end(data, from) : -1;
    }

    @Test
    void anErrorKeepsItsWordsAndAllElseIsJustThere() {
        assertThat(reply("-WRONGTYPE no\r\n")).isEqualTo("WRONGTYPE no");
        assertThat(reply("+OK\r\n")).isEqualTo(RedisProtocol.OK);
        assertThat(reply("*2\r\n-x\r\n:1\r\n")).isEqualTo(RedisProtocol.OK);
        assertThat(protocol.inStep(reply("-ERR no\r\n"))).isTrue();
        assertThat(protocol.inStep(reply("HTTP/1.1 400 Bad Request\r\n"))).isFalse();
    }

    private String reply(String text) {
        Buffer data = Buffer.buffer(text);
        return protocol.reply(data, 0, protocol.end(data, 0));
    }

    @Test
    void whoMayNotPingIsLetInAndWhoMayNotSelectIsNot() {
        assertThat(protocol.welcomes(RedisProtocol.OK)).isTrue();
        assertThat(protocol.welcomes("NOPERM User w has no permissions to run the 'ping' command"))
                .isTrue();
        assertThat(protocol.welcomes("NOPERM User w has no permissions to run the 'select' command"))
                .isFalse();
        assertThat(protocol.welcomes("NOAUTH Authentication required.")).isFalse();
    }

    @Test
    void aCommandIsWrittenWholeAndBegunAnew() {
        Command command = new Command();
        command.name("SET".getBytes(US_ASCII)).arg("forgotten");
        Buffer all = Buffer.buffer();
        command.name("SET".getBytes(US_ASCII))
                .arg(Buffer.buffer("k\r\n"))
                .arg("ü")
                .arg(-1234567890123L)
                .arg(Buffer.buffer())
                .appendTo(all);
        assertThat(all.toString())
                .isEqualTo("*5\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$2\r\nü\r\n$14\r\n-1234567890123\r\n$0\r\n\r\n");
    }
}
