package io.forelog.target.cassandra;

import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.ConsistencyLevel;
import com.datastax.oss.driver.api.core.DefaultConsistencyLevel;
import com.datastax.oss.driver.api.core.DriverTimeoutException;
import com.datastax.oss.driver.api.core.InvalidKeyspaceException;
import com.datastax.oss.driver.api.core.NoNodeAvailableException;
import com.datastax.oss.driver.api.core.auth.AuthenticationException;
import com.datastax.oss.driver.api.core.connection.BusyConnectionException;
import com.datastax.oss.driver.api.core.metadata.EndPoint;
import com.datastax.oss.driver.api.core.metadata.Node;
import com.datastax.oss.driver.api.core.servererrors.BootstrappingException;
import com.datastax.oss.driver.api.core.servererrors.DefaultWriteType;
import com.datastax.oss.driver.api.core.servererrors.FunctionFailureException;
import com.datastax.oss.driver.api.core.servererrors.InvalidQueryException;
import com.datastax.oss.driver.api.core.servererrors.OverloadedException;
import com.datastax.oss.driver.api.core.servererrors.ServerError;
import com.datastax.oss.driver.api.core.servererrors.SyntaxError;
import com.datastax.oss.driver.api.core.servererrors.UnauthorizedException;
import com.datastax.oss.driver.api.core.servererrors.UnavailableException;
import com.datastax.oss.driver.api.core.servererrors.WriteFailureException;
import com.datastax.oss.driver.api.core.servererrors.WriteTimeoutException;
import com.datastax.oss.driver.internal.core.metadata.DefaultEndPoint;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CqlOutcomesTest {
    private static final ConsistencyLevel QUORUM = DefaultConsistencyLevel.LOCAL_QUORUM;
    private static final EndPoint PLACE = new DefaultEndPoint(InetSocketAddress.createUnresolved("10.0.0.7", 9042));
    private static final Node NODE = (Node) Proxy.newProxyInstance(
            CqlOutcomesTest.class.getClassLoader(),
            new Class<?>[] {Node.class},
            (proxy, method, arguments) -> switch (method.getName()) {
                case "getEndPoint" -> PLACE;
                case "hashCode" -> 7;
                case "equals" -> proxy == arguments[0];
                default -> "node";
            });

    private static Stream<Arguments> retried() {
        return Stream.of(
                Arguments.of(new UnavailableException(NODE, QUORUM, 2, 1), ErrorCode.TARGET_UNAVAILABLE, "2"),
                Arguments.of(new BootstrappingException(NODE), ErrorCode.TARGET_UNAVAILABLE, "bootstrapping"),
                Arguments.of(new ServerError(NODE, "disk"), ErrorCode.TARGET_UNAVAILABLE, "ServerError: disk"),
                Arguments.of(
                        new WriteFailureException(NODE, QUORUM, 0, 1, DefaultWriteType.SIMPLE, 1, Map.of()),
                        ErrorCode.TARGET_UNAVAILABLE,
                        "WriteFailure"),
                Arguments.of(
                        new WriteTimeoutException(NODE, QUORUM, 0, 1, DefaultWriteType.SIMPLE),
                        ErrorCode.TARGET_TIMEOUT,
                        "WriteTimeout"),
                Arguments.of(new DriverTimeoutException("after PT2S"), ErrorCode.TARGET_TIMEOUT, "after PT2S"),
                Arguments.of(new OverloadedException(NODE), ErrorCode.RATE_LIMITED, "Overloaded"),
                Arguments.of(new BusyConnectionException(8), ErrorCode.RATE_LIMITED, "Busy"),
                Arguments.of(new NoNodeAvailableException(), ErrorCode.TARGET_UNAVAILABLE, "local_datacenter"),
                Arguments.of(new IOException("reset"), ErrorCode.TARGET_UNAVAILABLE, "IO: reset"),
                Arguments.of(all(new OverloadedException(NODE)), ErrorCode.RATE_LIMITED, ":9042: Overloaded"),
                Arguments.of(
                        all(new IllegalStateException("init", new IOException("Connection refused"))),
                        ErrorCode.TARGET_UNAVAILABLE,
                        "init, Connection refused"),
                Arguments.of(
                        all(new AuthenticationException(PLACE, "Unable to perform authentication: no replica")),
                        ErrorCode.TARGET_UNAVAILABLE,
                        "no replica"),
                Arguments.of(
                        new CompletionException(new DriverTimeoutException("late")), ErrorCode.TARGET_TIMEOUT, "late"));
    }

    @ParameterizedTest
    @MethodSource("retried")
    void whatMayPassIsRetried(Throwable failure, ErrorCode code, String words) {
        for (Outcome outcome : new Outcome[] {CqlOutcomes.of(failure), CqlOutcomes.ofPreparing(failure)}) {
            assertThat(outcome).isInstanceOfSatisfying(Outcome.Retry.class, retry -> {
                assertThat(retry.code()).isEqualTo(code);
                assertThat(retry.text()).contains(words);
                assertThat(retry.after()).isEqualTo(Duration.ZERO);
            });
        }
    }

    private static Stream<Arguments> rejected() {
        return Stream.of(
                Arguments.of(new InvalidQueryException(NODE, "Key may not be empty"), false),
                Arguments.of(new FunctionFailureException(NODE, "execution of 'f' failed"), false),
                Arguments.of(new WalException(ErrorCode.TARGET_REJECTED, "key: empty"), false),
                Arguments.of(new InvalidQueryException(NODE, "table shop.items does not exist"), true),
                Arguments.of(new InvalidQueryException(NODE, "unconfigured table items"), true),
                Arguments.of(new SyntaxError(NODE, "line 1:0 no viable alternative"), true),
                Arguments.of(new UnauthorizedException(NODE, "User shop has no MODIFY permission"), true),
                Arguments.of(new InvalidKeyspaceException("Invalid keyspace shop"), true),
                Arguments.of(all(new AuthenticationException(PLACE, "Provided username shop is wrong")), true),
                Arguments.of(
                        all(new IllegalStateException("init", new AuthenticationException(PLACE, "wrong password"))),
                        true));
    }

    @ParameterizedTest
    @MethodSource("rejected")
    void whatNeverWorksIsRejectedAndTheRoutesErrorsCountToAStorm(Throwable failure, boolean storm) {
        assertThat(CqlOutcomes.of(failure)).isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
            assertThat(rejected.storm()).isEqualTo(storm);
            assertThat(rejected.code()).isEqualTo(ErrorCode.TARGET_REJECTED);
        });
        assertThat(CqlOutcomes.ofPreparing(failure))
                .as("where it can't be prepared, no entry will do")
                .isInstanceOfSatisfying(
                        Outcome.Rejected.class,
                        rejected -> assertThat(rejected.storm()).isTrue());
    }

    @Test
    void wordsAreShortAndOnOneLine() {
        Outcome outcome = CqlOutcomes.of(new InvalidQueryException(NODE, "a\nb" + "x".repeat(1_000)));
        assertThat(((Outcome.Rejected) outcome).text()).hasSize(300).startsWith("InvalidQuery: a b");
    }

    private static AllNodesFailedException all(Throwable failure) {
        return AllNodesFailedException.fromErrors(List.of(Map.entry(NODE, failure)));
    }
}
