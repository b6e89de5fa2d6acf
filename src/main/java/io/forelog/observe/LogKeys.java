package io.forelog.observe;

/** The keys of structured log lines, so that a search finds them all. */
public final class LogKeys {
    public static final String NAMESPACE = "namespace";
    public static final String TARGET = "target";
    public static final String ROUTE = "route";
    public static final String ENTRY_ID = "entry_id";
    public static final String CODE = "code";
    public static final String REASON = "reason";
    public static final String REVISION = "revision";
    public static final String FILE = "file";
    public static final String COUNT = "count";
    public static final String MILLIS = "millis";
    public static final String BYTES = "bytes";
    public static final String PORT = "port";
    public static final String STATE = "state";
    public static final String NODE = "node";
    public static final String DATABASE = "database";
    public static final String CLIENT = "client";
    public static final String PRINCIPAL = "principal";
    public static final String ACTION = "action";

    private LogKeys() {}
}
