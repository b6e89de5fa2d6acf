package io.forelog.target.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.vertx.redis.client.impl.types.ErrorType;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class RedisOutcomesTest {
    @Test
    void whatEndsByItselfIsRetried() {
        for (String error : List.of(
                "LOADING Redis is loading the dataset in memory",
                "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
                "TRYAGAIN Multiple keys request during rehashing of slot",
                "CLUSTERDOWN The cluster is down",
                "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
                "READONLY You can't write against a read only replica. script: abc, on @user_script:22.",
                "OOM command not allowed when used memory > 'maxmemory'.",
                "Error running script (call to f_ab): @user_script: 5: -OOM command not allowed",
                "CONNECTION_CLOSED",
                "java.io.IOException: Connection reset by peer",
                "io.netty.channel.StacklessClosedChannelException")) {
            assertThat(RedisOutcomes.of(error).kind()).as(error).isEqualTo(Outcome.Kind.RETRY);
        }
    }

    @Test
    void whatIsTheEntrysOwnFaultIsRejectedInTheServersWords() {
        String said =
                "WRONGTYPE Operation against a key holding the wrong kind of value script: ab, on @user_script:8.";
        assertThat(RedisOutcomes.of(said)).isEqualTo(Outcome.rejected(ErrorCode.TARGET_REJECTED, said, false));
        assertThat(RedisOutcomes.of("syntax error"))
                .isEqualTo(Outcome.rejected(ErrorCode.TARGET_REJECTED, "syntax error", false));
    }

    @Test
    void whatIsTheRoutesFaultCountsForAStorm() {
        for (String error : List.of(
                "NOAUTH Authentication required.",
                "NOPERM User x has no permissions to run the 'evalsha' command",
                "MOVED 3999 127.0.0.1:6381",
                "The user executing the script can't run this command or subcommand script: ab")) {
            assertThat(RedisOutcomes.of(error))
                    .as(error)
                    .isInstanceOfSatisfying(
                            Outcome.Rejected.class,
                            rejected -> assertThat(rejected.storm()).isTrue());
        }
        assertThat(RedisOutcomes.of(ErrorType.create("WRONGPASS invalid username-password pair or user is disabled.")))
                .isInstanceOfSatisfying(
                        Outcome.Rejected.class,
                        rejected -> assertThat(rejected.storm()).isTrue());
    }

    @Test
    void whatBreaksAWholeBatchIsRetried() {
        assertThat(RedisOutcomes.of(new IOException("refused")).kind()).isEqualTo(Outcome.Kind.RETRY);
        assertThat(RedisOutcomes.of(ErrorType.create("ERR max number of clients reached"))
                        .kind())
                .isEqualTo(Outcome.Kind.RETRY);
        assertThat(RedisOutcomes.of(new TimeoutException("no answer within 5 ms")))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class, retry -> assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_TIMEOUT));
    }

    @Test
    void theErrorsOfABatchAreToldApart() {
        String text = "ERR [1] WRONGTYPE no" + System.lineSeparator() + "ERR [3] syntax error";
        assertThat(RedisOutcomes.errors(ErrorType.create(text), 4))
                .containsExactly(null, "WRONGTYPE no", null, "syntax error");
        assertThat(RedisOutcomes.errors(ErrorType.create("WRONGPASS no"), 4)).isNull();
        assertThat(RedisOutcomes.errors(new IOException("ERR [1] no"), 4)).isNull();
    }
}
