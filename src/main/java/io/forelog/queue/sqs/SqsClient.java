package io.forelog.queue.sqs;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
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
 * Makes the SDK's asynchronous client: on two named threads of its own, answers ended on them (our futures hop home), and
 * without any retry, so that a refusal is that of a first attempt. Blocking: reads files and the default chain's places.
 */
final class SqsClient {
    private static final int THREADS = 2;
    private static final int CONNECTIONS = 128;
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private SqsClient() {}

    /** The client and what it runs on, closed together. */
    record Open(SqsAsyncClient client, SdkAsyncHttpClient http, SdkEventLoopGroup threads) {
        /** Blocking. */
        void close() {
            client.close();
            http.close();
            threads.eventLoopGroup().shutdownGracefully();
        }
    }

    /** @throws WalException INVALID_ARGUMENT where the settings can't be used */
    static Open open(SqsSettings settings) {
        SdkEventLoopGroup threads = SdkEventLoopGroup.builder()
                .numberOfThreads(THREADS)
                .threadFactory(named())
                .build();
        SdkAsyncHttpClient http = NettyNioAsyncHttpClient.builder()
                .eventLoopGroup(threads)
                .maxConcurrency(CONNECTIONS)
                .maxPendingConnectionAcquires(10_000)
                .connectionTimeout(min(settings.requestLimit(), Duration.ofSeconds(2)))
                .connectionAcquisitionTimeout(settings.requestLimit())
                .readTimeout(settings.requestLimit().plusSeconds(25))
                .writeTimeout(settings.requestLimit())
                .tcpKeepAlive(true)
                .build();
        try {
            SqsAsyncClientBuilder builder = SqsAsyncClient.builder()
                    .httpClient(http)
                    .credentialsProvider(credentials(settings))
                    .asyncConfiguration(a ->
                            a.advancedOption(SdkAdvancedAsyncClientOption.FUTURE_COMPLETION_EXECUTOR, Runnable::run))
                    .overrideConfiguration(o -> o.retryStrategy(DefaultRetryStrategy.doNotRetry()));
            if (!settings.endpoint().isEmpty()) {
                builder.endpointOverride(URI.create(settings.endpoint()));
            }
            if (!settings.region().isEmpty()) {
                builder.region(Region.of(settings.region()));
            } else if (!settings.endpoint().isEmpty()) {
                builder.region(Region.US_EAST_1);
            }
            return new Open(builder.build(), http, threads);
        } catch (SdkException | IllegalArgumentException e) {
            http.close();
            threads.eventLoopGroup().shutdownGracefully();
            throw new WalException(ErrorCode.INVALID_ARGUMENT, "queues.sqs: " + e.getMessage(), e);
        }
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    private static ThreadFactory named() {
        return work -> {
            Thread thread = new Thread(work, "forelog-sqs-" + NUMBER.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        };
    }

    private static AwsCredentialsProvider credentials(SqsSettings settings) {
        if (settings.anonymous()) {
            return AnonymousCredentialsProvider.create();
        } else if (settings.accessKey().isEmpty()) {
            return DefaultCredentialsProvider.builder().build();
        }
        // Asked anew each time: files and their secrets are rotated.
        return () -> {
            String id = secret("access_key", settings.accessKey());
            String secret = secret("secret_key", settings.secretKey());
            return settings.sessionToken().isEmpty()
                    ? AwsBasicCredentials.create(id, secret)
                    : AwsSessionCredentials.create(id, secret, secret("session_token", settings.sessionToken()));
        };
    }

    private static String secret(String key, String reference) {
        @Nullable String value;
        try {
            value = reference.startsWith("env:")
                    ? System.getenv(reference.substring("env:".length()))
                    : Files.readString(Path.of(reference.substring("file:".length())))
                            .strip();
        } catch (IOException e) {
            value = null;
        }
        if (value == null || value.isEmpty()) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "queues.sqs." + key + ": " + reference + " (expected: there, not empty)");
        }
        return value;
    }
}
