package io.forelog.queue.rocksdb;

import io.vertx.core.internal.ContextInternal;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Commands to end, grouped by context: one hop for each, however many it asked for. Owned by the committer thread. */
final class Completions {
    private final Map<ContextInternal, List<Command>> byContext = new IdentityHashMap<>();

    void add(Command command) {
        byContext
                .computeIfAbsent(command.context.unwrap(), c -> new ArrayList<>())
                .add(command);
    }

    void addAll(List<Command> commands) {
        for (int i = 0; i < commands.size(); i++) {
            add(commands.get(i));
        }
    }

    void release() {
        if (byContext.isEmpty()) {
            return;
        }
        byContext.forEach((context, commands) -> context.runOnContext(none -> commands.forEach(Command::end)));
        byContext.clear();
    }
}
