package io.forelog.target.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import java.util.stream.Stream;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SendOutcomesTest {
    static Stream<Arguments> retried() {
        return Stream.of(
                Arguments.of(new NotLeaderOrFollowerException("x"), ErrorCode.TARGET_UNAVAILABLE, false),
                Arguments.of(new NotEnoughReplicasException("x"), ErrorCode.TARGET_UNAVAILABLE, false),
                Arguments.of(new NetworkException("x"), ErrorCode.TARGET_UNAVAILABLE, false),
                Arguments.of(new TimeoutException("x"), ErrorCode.TARGET_TIMEOUT, false),
                Arguments.of(new ThrottlingQuotaExceededException("x"), ErrorCode.RATE_LIMITED, false),
                Arguments.of(new SslAuthenticationException("x"), ErrorCode.TARGET_UNAVAILABLE, true),
                Arguments.of(new OutOfOrderSequenceException("x"), ErrorCode.TARGET_UNAVAILABLE, true),
                Arguments.of(new ConfigException("no resolvable url"), ErrorCode.TARGET_UNAVAILABLE, true),
                Arguments.of(new KafkaException("closed"), ErrorCode.TARGET_UNAVAILABLE, true));
    }

    @ParameterizedTest
    @MethodSource("retried")
    void retriesAsThePrintedTableSays(Exception failure, ErrorCode code, boolean renews) {
        assertThat(SendOutcomes.of(failure))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class, retry -> assertThat(retry.code()).isEqualTo(code));
        assertThat(SendOutcomes.breaksTheProducer(failure)).isEqualTo(renews);
    }

    static Stream<Arguments> rejected() {
        return Stream.of(
                Arguments.of(new RecordTooLargeException("x"), false),
                Arguments.of(new InvalidTopicException("x"), false),
                Arguments.of(new InvalidRecordException("x"), false),
                Arguments.of(new PolicyViolationException("x"), false),
                Arguments.of(new TopicAuthorizationException("x"), true),
                Arguments.of(new ClusterAuthorizationException("x"), true),
                Arguments.of(new SaslAuthenticationException("x"), true),
                Arguments.of(new UnknownTopicOrPartitionException("x"), true),
                Arguments.of(new TimeoutException("x", new UnknownTopicOrPartitionException("x")), true));
    }

    @ParameterizedTest
    @MethodSource("rejected")
    void rejectsAsThePrintedTableSays(Exception failure, boolean storm) {
        assertThat(SendOutcomes.of(failure))
                .isInstanceOfSatisfying(
                        Outcome.Rejected.class,
                        rejected -> assertThat(rejected.storm()).isEqualTo(storm));
    }

    /** A producer that is made anew aborts all that the old one has on its way. */
    @Test
    void aTopicWithoutRightsLeavesTheProducerToTheOthers() {
        assertThat(SendOutcomes.breaksTheProducer(new TopicAuthorizationException("x")))
                .isFalse();
        assertThat(SendOutcomes.breaksTheProducer(new ClusterAuthorizationException("x")))
                .isTrue();
        assertThat(SendOutcomes.breaksTheProducer(new SaslAuthenticationException("x")))
                .isTrue();
    }

    @Test
    void aTopicIsNeverMadeLegalByChangingIt() {
        TopicTemplate template = new TopicTemplate("{namespace}-{destination}");
        assertThat(template.topic("shop", "eu.west")).isEqualTo("shop-eu.west");
        assertThat(template.topic("shop", "a/b")).isNull();
        assertThat(template.topic("shop", "x".repeat(249))).isNull();
        assertThat(TopicTemplate.expectation("orders {key}")).isNotNull();
        assertThat(TopicTemplate.expectation("orders-{destination}")).isNull();
    }

    @Test
    void secretsAndSettingsOfOursHaveNoPlaceAmongTheOthers() {
        assertThat(ClientSettings.plain(java.util.Map.of("compression.type", "lz4")))
                .isNull();
        assertThat(ClientSettings.plain(java.util.Map.of("sasl.jaas.config", "password")))
                .contains("client_secrets");
        assertThat(ClientSettings.plain(java.util.Map.of("acks", "0"))).contains("acks");
        assertThat(ClientSettings.plain(java.util.Map.of("compresion.type", "lz4")))
                .contains("none of");
        assertThat(ClientSettings.secret(java.util.Map.of("sasl.jaas.config", "plain")))
                .contains("never the secret");
        assertThat(ClientSettings.secret(java.util.Map.of("sasl.jaas.config", "env:JAAS")))
                .isNull();
    }
}
