package io.forelog.rig;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.LoggerFactory;

/** All that this JVM logs, down to DEBUG, from its making until it is closed; some loggers at a time, so that it is not too much. */
public final class LogTape implements AutoCloseable {
    private final List<Logger> loggers = new ArrayList<>();
    private final ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
    private final AppenderBase<ILoggingEvent> tape = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            lines.add(event.getFormattedMessage() + " " + event.getKeyValuePairs() + " "
                    + ThrowableProxyUtil.asString(event.getThrowableProxy()));
        }
    };

    /** {@code names}: of the packages whose loggers are written down, and not printed meanwhile. */
    public LogTape(String... names) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        tape.setContext(context);
        tape.start();
        for (String name : names) {
            Logger logger = context.getLogger(name);
            logger.setLevel(Level.DEBUG);
            logger.setAdditive(false);
            logger.addAppender(tape);
            loggers.add(logger);
        }
    }

    public String text() {
        return String.join("\n", lines);
    }

    @Override
    public void close() {
        for (Logger logger : loggers) {
            logger.detachAppender(tape);
            logger.setAdditive(true);
            logger.setLevel(null);
        }
    }
}
