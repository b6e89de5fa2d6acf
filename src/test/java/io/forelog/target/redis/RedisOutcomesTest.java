package io.forelog.target.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.target.Pipeline;
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
                "UNREADABLE reply: HTTP/1.1 400 Bad Request")) {
            assertThat(RedisOutcomes.of(error).kind()).as(error).isEqualTo(Outcome.Kind.RETRY);
        }
    }

    @Test
    void whatIsTheEntrysOwnFaultIsRejectedInTheServersWords() {
        String said =
                "WRONGTYPE Operation against a key holding the wrong kind of value script: ab, on @user_script:8.";
        assertThat(RedisOutcomes.of(said)).isEqualTo(Outcome.rejected(ErrorCode.TARGET_REJECTED, said, false));
        assertThat(RedisOutcomes.of("ERR syntax error"))
                .isEqualTo(Outcome.rejected(ErrorCode.TARGET_REJECTED, "ERR syntax error", false));
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
        assertThat(RedisOutcomes.of(
                        new Pipeline.Refused("WRONGPASS invalid username-password pair or user is disabled.")))
                .isInstanceOfSatisfying(
                        Outcome.Rejected.class,
                        rejected -> assertThat(rejected.storm()).isTrue());
    }

    @Test
    void whatBreaksAWholeBatchIsRetried() {
        assertThat(RedisOutcomes.of(new IOException("refused")).kind()).isEqualTo(Outcome.Kind.RETRY);
        assertThat(RedisOutcomes.of(new Pipeline.Refused("ERR max number of clients reached"))
                        .kind())
                .isEqualTo(Outcome.Kind.RETRY);
        assertThat(RedisOutcomes.of(new Pipeline.Refused("LOADING Redis is loading the dataset in memory"))
                        .kind())
                .isEqualTo(Outcome.Kind.RETRY);
        assertThat(RedisOutcomes.of(new Pipeline.Full("51200 commands wait")))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class, retry -> assertThat(retry.code()).isEqualTo(ErrorCode.RATE_LIMITED));
        assertThat(RedisOutcomes.of(new TimeoutException("no answer within 5 ms")))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class, retry -> assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_TIMEOUT));
    }
}
