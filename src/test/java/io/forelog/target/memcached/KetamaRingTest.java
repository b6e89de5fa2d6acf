package io.forelog.target.memcached;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class KetamaRingTest {
    /** Where spymemcached 2.12.3 (KETAMA_HASH, Format.LIBMEMCACHED) has key-0 to key-59. */
    private static final String PLACES = "120220201220001120011021111021121101101010102002210110021012";

    private static List<String> nodes(String... addresses) {
        return Stream.of(addresses)
                .map(address -> NodeAddress.parse(address).name())
                .toList();
    }

    @Test
    void keysLieWhereSpymemcachedLooksForThem() {
        KetamaRing ring = new KetamaRing(nodes("10.0.0.1:11211", "10.0.0.2", "10.0.0.3:11212"));
        assertThat(IntStream.range(0, 60)
                        .mapToObj(i -> Integer.toString(ring.nodeOf(("key-" + i).getBytes(UTF_8))))
                        .collect(Collectors.joining()))
                .isEqualTo(PLACES);
    }

    @Test
    void aNodeThatComesTakesItsShareOnly() {
        KetamaRing three = new KetamaRing(nodes("a:1", "b:1", "c:1"));
        KetamaRing four = new KetamaRing(nodes("a:1", "b:1", "c:1", "d:1"));
        int moved = 0;
        for (int i = 0; i < 10_000; i++) {
            byte[] key = ("k" + i).getBytes(UTF_8);
            int now = four.nodeOf(key);
            if (now == 3) {
                moved++;
            } else {
                assertThat(now).isEqualTo(three.nodeOf(key));
            }
        }
        assertThat(moved).isBetween(1_500, 3_500);
    }

    @Test
    void anAddressIsReadWithAndWithoutPort() {
        assertThat(NodeAddress.parse("cache")).isEqualTo(new NodeAddress("cache", 11_211));
        assertThat(NodeAddress.parse("[::1]:5")).isEqualTo(new NodeAddress("::1", 5));
        assertThat(NodeAddress.parse("[::1]")).isEqualTo(new NodeAddress("::1", 11_211));
        assertThat(NodeAddress.expectation("cache:0")).contains("1 to 65535");
        assertThat(NodeAddress.expectation("http://cache")).isEqualTo("host:port");
    }
}
