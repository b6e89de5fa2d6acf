package io.forelog.target.sqs;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.client.config.SdkAdvancedAsyncClientOption;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.SdkEventLoopGroup;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsAsyncClientBuilder;

/**
 * The SDK's asynchronous client of one target, on one named thread, without retries of its own: the namespace's policy
 * retries. Opened and closed off the event loop.
 *
 * @param mayBlock credentials come from the default chain, which may ask the machine's metadata
 */
record SqsConnection(SqsAsyncClient client, SdkAsyncHttpClient http, SdkEventLoopGroup threads, boolean mayBlock) {
    private static final int CONNECTIONS = 64;
    private static final AtomicInteger NUMBER = new AtomicInteger();

    /** What may be empty: a region, an endpoint, and the credentials, which then come from the default chain. */
    record Access(
            String endpoint,
            String region,
            boolean anonymous,
            String accessKey,
            String secretKey,
            String sessionToken) {
        @Override
        public String toString() {
            return "Access[endpoint=" + endpoint + ", region=" + region + "]";
        }
    }

    /** Blocking. */
    static SqsConnection open(Access access, Duration timeout) {
        SdkEventLoopGroup threads = SdkEventLoopGroup.builder()
                .numberOfThreads(1)
                .threadFactory(work -> {
                    Thread thread = new Thread(work, "forelog-sqs-target-" + NUMBER.getAndIncrement());
                    thread.setDaemon(true);
                    return thread;
                })
                .build();
        SdkAsyncHttpClient http = NettyNioAsyncHttpClient.builder()
                .eventLoopGroup(threads)
                .maxConcurrency(CONNECTIONS)
                .connectionTimeout(timeout.compareTo(Duration.ofSeconds(2)) < 0 ? timeout : Duration.ofSeconds(2))
                .connectionAcquisitionTimeout(timeout)
                .readTimeout(timeout)
                .writeTimeout(timeout)
                .tcpKeepAlive(true)
                .build();
        try {
            SqsAsyncClientBuilder builder = SqsAsyncClient.builder()
                    .httpClient(http)
                    .credentialsProvider(credentials(access))
                    .asyncConfiguration(a ->
                            a.advancedOption(SdkAdvancedAsyncClientOption.FUTURE_COMPLETION_EXECUTOR, Runnable::run))
                    .overrideConfiguration(o ->
                            o.retryStrategy(DefaultRetryStrategy.doNotRetry()).apiCallTimeout(timeout));
            if (!access.endpoint().isEmpty()) {
                builder.endpointOverride(URI.create(access.endpoint()));
            }
            if (!access.region().isEmpty()) {
                builder.region(Region.of(access.region()));
            } else if (!access.endpoint().isEmpty()) {
                builder.region(Region.US_EAST_1);
            }
            return new SqsConnection(
                    builder.build(),
                    http,
                    threads,
                    !access.anonymous() && access.accessKey().isEmpty());
        } catch (SdkException | IllegalArgumentException e) {
            http.close();
            threads.eventLoopGroup().shutdownGracefully();
            throw new WalException(ErrorCode.INVALID_ARGUMENT, "sqs: " + e.getMessage(), e);
        }
    }

    /** Blocking. */
    void close() {
        client.close();
        http.close();
        threads.eventLoopGroup().shutdownGracefully();
    }

    private static AwsCredentialsProvider credentials(Access access) {
        if (access.anonymous()) {
            return AnonymousCredentialsProvider.create();
        }
        if (access.accessKey().isEmpty()) {
            return DefaultCredentialsProvider.builder().build();
        }
        return StaticCredentialsProvider.create(
                access.sessionToken().isEmpty()
                        ? AwsBasicCredentials.create(access.accessKey(), access.secretKey())
                        : AwsSessionCredentials.create(access.accessKey(), access.secretKey(), access.sessionToken()));
    }
}
