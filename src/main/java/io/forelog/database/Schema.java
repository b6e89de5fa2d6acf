package io.forelog.database;

import java.net.SocketTimeoutException;
import java.sql.SQLException;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Brings the schema up to date; several nodes may at once, one after the other does. What a newer version has added stays:
 * nodes of both run side by side. A standby is taken as it is. Blocks: for worker threads. Stateless.
 */
final class Schema {
    private Schema() {}

    /** Each step within {@value DatabaseSettings#ANSWER_SECONDS} s. */
    static void migrate(DatabaseSettings settings, String secret) throws SQLException {
        try {
            bringUpToDate(settings, secret);
        } catch (SQLException | FlywayException e) {
            throw new SQLException("schema " + settings.schema() + ": " + why(e), e);
        }
    }

    private static String why(Exception failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SocketTimeoutException) {
                return "no answer within " + DatabaseSettings.ANSWER_SECONDS
                        + " s while it was looked at or brought up to date";
            }
        }
        Throwable cause =
                failure instanceof FlywayException && failure.getCause() != null ? failure.getCause() : failure;
        return String.valueOf(cause.getMessage());
    }

    private static void bringUpToDate(DatabaseSettings settings, String secret) throws SQLException {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(settings.jdbcUrl());
        for (var property : settings.jdbcProperties(secret).entrySet()) {
            source.setProperty((String) property.getKey(), (String) property.getValue());
        }
        try (var connection = source.getConnection();
                var statement = connection.createStatement();
                var standby = statement.executeQuery("SELECT pg_is_in_recovery()")) {
            if (standby.next() && standby.getBoolean(1)) {
                return;
            }
        }
        Flyway.configure(Schema.class.getClassLoader())
                .dataSource(source)
                .defaultSchema(settings.schema())
                .createSchemas(true)
                .initSql("SET lock_timeout = '10s'")
                .locations("classpath:db/migration")
                .ignoreMigrationPatterns("*:future", "*:missing")
                .validateMigrationNaming(true)
                .load()
                .migrate();
    }
}
