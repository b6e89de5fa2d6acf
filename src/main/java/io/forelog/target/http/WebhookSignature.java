package io.forelog.target.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.vertx.core.buffer.Buffer;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Signs requests as Standard Webhooks 1.0 has it: base64 of HMAC-SHA256 over {@code id.seconds.body}, once for each secret that is in
 * use. Keyed once and used again: owned by one context.
 */
final class WebhookSignature {
    static final int SECRETS_MAX = 8;
    static final String EXPECTATION = "whsec_ and the base64 of 24 to 64 bytes";

    private static final String PREFIX = "whsec_";
    private static final String ALGORITHM = "HmacSHA256";

    private final List<Mac> macs;
    private final byte[] chunk = new byte[4_096];
    private final byte[] code = new byte[32];

    private WebhookSignature(List<Mac> macs) {
        this.macs = macs;
    }

    /** {@code secrets}: the newest first, each {@link #isSecret}. */
    static WebhookSignature of(List<String> secrets) {
        List<Mac> macs = new ArrayList<>(secrets.size());
        for (String secret : secrets) {
            byte[] key = key(secret);
            if (key == null) {
                throw new IllegalArgumentException("expected: " + EXPECTATION);
            }
            try {
                Mac mac = Mac.getInstance(ALGORITHM);
                mac.init(new SecretKeySpec(key, ALGORITHM));
                macs.add(mac);
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e); // every JDK has it, and it takes any key
            }
        }
        return new WebhookSignature(macs);
    }

    static boolean isSecret(String text) {
        return key(text) != null;
    }

    private static byte @Nullable [] key(String text) {
        if (!text.startsWith(PREFIX)) {
            return null;
        }
        try {
            byte[] key = Base64.getDecoder().decode(text.substring(PREFIX.length()));
            return key.length >= 24 && key.length <= 64 ? key : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** The value of {@code webhook-signature}: {@code v1,CODE} for each secret, the newest first, with spaces between. */
    String of(String id, String seconds, Buffer body) {
        byte[] head = (id + '.' + seconds + '.').getBytes(US_ASCII);
        StringBuilder signatures = new StringBuilder(48 * macs.size());
        for (Mac mac : macs) {
            mac.update(head);
            for (int from = 0; from < body.length(); from += chunk.length) {
                int to = Math.min(body.length(), from + chunk.length);
                body.getBytes(from, to, chunk, 0);
                mac.update(chunk, 0, to - from);
            }
            try {
                mac.doFinal(code, 0);
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e); // the code fits
            }
            signatures.append(signatures.isEmpty() ? "v1," : " v1,");
            signatures.append(Base64.getEncoder().encodeToString(code));
        }
        return signatures.toString();
    }
}
