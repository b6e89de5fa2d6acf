package io.forelog.access;

/**
 * Who calls. Immutable.
 *
 * @param principal the name that a namespace's {@code access} lists use
 */
public record Identity(String principal) {
    /** Everybody, as long as nothing proves who somebody is. */
    public static final Identity ANONYMOUS = new Identity("anonymous");
}
