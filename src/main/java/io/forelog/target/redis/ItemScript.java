package io.forelog.target.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The scripts that change an item of one form, with or without comparing versions. Immutable.
 *
 * <p>KEYS: the item, and its version's key where versions are compared. ARGV: P, D or T; the version; when the item ends, in
 * milliseconds since the epoch, 0 = never; until when a deletion is remembered; then the form's own. The answer is 1, or 0 where
 * something newer had been there.
 *
 * <p>The version's key holds the version of the value or of its deletion, and behind it, where there was one, that of a TOUCH that
 * is newer, and the end that this TOUCH gave. Whatever the order in which writes come, the newest PUT or DELETE gives the value
 * and the newest TOUCH after it the end.
 *
 * @param sha what EVALSHA names it by
 */
record ItemScript(byte[] text, byte[] sha) {
    private static final String COMPARING = """
            local op, version, ends, keep = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
            local side = redis.call('GET', KEYS[2])
            local seen, touched, tend = side or '', '', '0'
            if side and #side ~= 48 then
              seen, touched, tend = string.match(side, '^(%x*) (%x+) (%d+)$')
              if not seen then return redis.error_reply('ERR something else stands where the version should') end
            end
            if version <= seen then return 0 end
            local live = false
            if op == 'T' then
              if version <= touched then return 0 end
              touched, tend = version, ends
              live = redis.call('PEXPIREAT', KEYS[1], ends) == 1
            else
              seen = version
              if touched > version then ends = tend else touched, tend = '', '0' end
              if op == 'P' then
                live = true
                $PUT
              else
                $DELETE
              end
            end
            local words = seen
            if touched ~= '' then words = seen .. ' ' .. touched .. ' ' .. tend end
            if live and ends == '0' then
              redis.call('SET', KEYS[2], words)
            else
              if live and tonumber(ends) > tonumber(keep) then keep = ends end
              redis.call('SET', KEYS[2], words, 'PXAT', keep)
            end
            return 1
            """;

    private static final String PLAIN = """
            local op, ends = ARGV[1], ARGV[3]
            if op == 'T' then
              redis.call('PEXPIREAT', KEYS[1], ends)
            elseif op == 'P' then
              $PUT
            else
              $DELETE
            end
            return 1
            """;

    private static final String SET = """
            if ends == '0' then
              redis.call('SET', KEYS[1], ARGV[5])
            else
              redis.call('SET', KEYS[1], ARGV[5], 'PXAT', ends)
            end
            """;

    private static final String EXPIRE = "if ends ~= '0' then redis.call('PEXPIREAT', KEYS[1], ends) end\n";

    /** HLEN first: it refuses, in the server's words, what is no hash. Lua unpacks a few thousand values at most. */
    private static final String HASH = """
            redis.call('HLEN', KEYS[1])
            redis.call('DEL', KEYS[1])
            for i = 5, #ARGV, 1000 do
              redis.call('HSET', KEYS[1], unpack(ARGV, i, math.min(i + 999, #ARGV)))
            end
            """ + EXPIRE;

    private static final String FIELD = "redis.call('HSET', KEYS[1], ARGV[5], ARGV[6])\n" + EXPIRE;
    private static final String DEL = "redis.call('DEL', KEYS[1])";

    static ItemScript string(boolean versioned) {
        return of(versioned, SET, DEL);
    }

    static ItemScript hash(boolean versioned) {
        return of(versioned, HASH, DEL);
    }

    static ItemScript field(boolean versioned) {
        return of(versioned, FIELD, "redis.call('HDEL', KEYS[1], ARGV[5])");
    }

    private static ItemScript of(boolean versioned, String put, String delete) {
        byte[] text = (versioned ? COMPARING : PLAIN)
                .replace("$PUT", put)
                .replace("$DELETE", delete)
                .getBytes(US_ASCII);
        try {
            byte[] sha = MessageDigest.getInstance("SHA-1").digest(text);
            return new ItemScript(text, HexFormat.of().formatHex(sha).getBytes(US_ASCII));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
