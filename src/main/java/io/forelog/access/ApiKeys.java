package io.forelog.access;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * API keys, {@code flk_<id>_<secret>}: the file has each one's id, principal and SHA-256, a JSON array. A secret is 256 random bits, so
 * that a fast hash keeps it. {@link #load} blocks; the rest any thread, from memory.
 */
public final class ApiKeys {
    static final String PREFIX = "flk_";

    private static final Pattern KEY = Pattern.compile("flk_([a-z0-9-]{1,40})_[A-Za-z0-9_-]{43}");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final Ticker ticker;
    private volatile Map<String, Known> byId = Map.of();
    private volatile String text = "";

    private record Known(String principal, byte[] hash, long expiresMicros) {}

    /** A new one. {@code secret} is shown once; {@code line} is what the file gets. */
    public record Made(String secret, String line) {}

    public ApiKeys(Path file, Ticker ticker) {
        this.file = file;
        this.ticker = ticker;
    }

    /** {@code id}: 1 to 40 of a-z, 0-9 and -. */
    public static Made make(String id, String principal, String expires) {
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        String key = PREFIX + id + "_" + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        if (!KEY.matcher(key).matches()) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT, "id: '" + id + "' (expected: 1 to 40 of a-z, 0-9 and -)");
        }
        Map<String, String> line = new java.util.LinkedHashMap<>();
        line.put("id", id);
        line.put("principal", principal);
        line.put("sha256", HexFormat.of().formatHex(hash(key)));
        if (!expires.isEmpty()) {
            line.put("expires", micros(expires) == 0 ? "" : expires);
        }
        return new Made(key, JSON.valueToTree(line).toString());
    }

    /** Reads the file where it has changed. Fails with INVALID_ARGUMENT, and goes on with what was read before. */
    public void load() {
        try {
            String now = Files.readString(file);
            if (!now.equals(text)) {
                byId = parse(now);
                text = now;
            }
        } catch (IOException e) {
            throw wrong(String.valueOf(e), "a file that can be read");
        }
    }

    private Map<String, Known> parse(String json) throws IOException {
        Map<String, Known> read = new HashMap<>();
        JsonNode all = JSON.readTree(json);
        if (!all.isArray()) {
            throw wrong("something else", "a JSON array of {id, principal, sha256, expires}");
        }
        for (JsonNode one : all) {
            String id = one.path("id").asText();
            String principal = one.path("principal").asText();
            byte[] hash = bytes(one.path("sha256").asText());
            if (id.isEmpty() || principal.isEmpty() || hash.length != 32) {
                throw wrong(
                        "key '" + id + "'", "each with id, principal and sha256, as forelog apikey create makes them");
            }
            if (read.put(id, new Known(principal, hash, expiry(id, one))) != null) {
                throw wrong("key '" + id + "' twice", "each id once");
            }
        }
        return Map.copyOf(read);
    }

    private long expiry(String id, JsonNode one) {
        String expires = one.path("expires").asText();
        try {
            return expires.isEmpty() ? Long.MAX_VALUE : micros(expires);
        } catch (WalException e) {
            throw wrong("key '" + id + "': expires '" + expires + "'", "a time such as 2027-01-31T00:00:00Z");
        }
    }

    private static long micros(String time) {
        try {
            return Instant.parse(time).toEpochMilli() * 1_000;
        } catch (DateTimeParseException e) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT, "expires: '" + time + "' (expected: e.g. 2027-01-31T00:00:00Z)");
        }
    }

    private static byte[] bytes(String hex) {
        try {
            return HexFormat.of().parseHex(hex);
        } catch (IllegalArgumentException e) {
            return new byte[0];
        }
    }

    private WalException wrong(String what, String expected) {
        return new WalException(
                ErrorCode.INVALID_ARGUMENT,
                "identities.api_keys: " + file + ": " + what + " (expected: " + expected + ")");
    }

    /** UNAUTHENTICATED where it is none, unknown or expired. */
    Identity verify(String key) {
        Matcher parts = KEY.matcher(key);
        Known known = parts.matches() ? byId.get(parts.group(1)) : null;
        // Which of the two it was nobody is told.
        if (known == null || !MessageDigest.isEqual(known.hash(), hash(key))) {
            throw new WalException(
                    ErrorCode.UNAUTHENTICATED, "API key: not a known one (expected: one that was made here)");
        }
        if (ticker.micros() >= known.expiresMicros()) {
            throw new WalException(ErrorCode.UNAUTHENTICATED, "API key: expired (expected: one that is valid)");
        }
        return new Identity(known.principal());
    }

    private static byte[] hash(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
