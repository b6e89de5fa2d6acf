package io.forelog.target;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A statement with named parameters, compiled to the server's markers and the list of what to bind. Quoted text, quoted
 * names, dollar quotes, comments and, in SQL, {@code ::casts} hold no parameters. Immutable.
 */
public final class StatementTemplate {
    /** What differs between the languages of statements. */
    public enum Dialect {
        /** PostgreSQL: {@code $1…}, casts, texts with escapes, comments in comments. */
        SQL(EnumSet.complementOf(EnumSet.of(Parameter.Kind.TTL))),
        /** Cassandra: {@code ?} for each place, comments that begin with two slashes. */
        CQL(EnumSet.allOf(Parameter.Kind.class));

        private final Set<Parameter.Kind> kinds;

        Dialect(Set<Parameter.Kind> kinds) {
            this.kinds = kinds;
        }

        private String expected() {
            return "one of " + kinds.stream().map(Parameter.Kind::shown).collect(Collectors.joining(", "));
        }
    }

    private final String text;
    private final List<Parameter> parameters;
    private final boolean readsJson;

    private StatementTemplate(String text, List<Parameter> parameters) {
        this.text = text;
        this.parameters = parameters;
        this.readsJson = parameters.stream().anyMatch(parameter -> parameter.kind() == Parameter.Kind.JSON);
    }

    /** Null, or what is expected of {@code text}. */
    public static @Nullable String expectation(Dialect dialect, String text) {
        try {
            parse(dialect, text);
            return null;
        } catch (IllegalArgumentException e) {
            return e.getMessage();
        }
    }

    /** @throws IllegalArgumentException with the column, the offender and the expectation */
    public static StatementTemplate parse(Dialect dialect, String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("a statement, not nothing");
        }
        return new Parser(dialect, text).template();
    }

    /** As the server prepares it. */
    public String text() {
        return text;
    }

    /** In the order of {@code $1…}, each once; in CQL one for each {@code ?}. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /** Whether the payload must be JSON. */
    public boolean readsJson() {
        return readsJson;
    }

    /** One pass over the text. */
    private static final class Parser {
        private final Dialect dialect;
        private final String text;
        private final StringBuilder compiled;
        private final List<Parameter> parameters = new ArrayList<>();
        private int at;

        Parser(Dialect dialect, String text) {
            this.dialect = dialect;
            this.text = text;
            this.compiled = new StringBuilder(text.length());
        }

        StatementTemplate template() {
            while (at < text.length()) {
                char c = text.charAt(at);
                if (c == ':' && is(at + 1, ':') && dialect == Dialect.SQL) {
                    copyTo(at + 2);
                } else if (c == ':' && at + 1 < text.length() && isLetter(text.charAt(at + 1))) {
                    parameter();
                } else {
                    copyTo(endOfToken(c));
                }
            }
            return new StatementTemplate(compiled.toString(), List.copyOf(parameters));
        }

        private int endOfToken(char c) {
            if (c == '\'') {
                return endOfQuote('\'', escapes());
            }
            if (c == '"') {
                return endOfQuote('"', false);
            }
            if (c == '-' && is(at + 1, '-') || dialect == Dialect.CQL && c == '/' && is(at + 1, '/')) {
                int end = text.indexOf('\n', at);
                return end < 0 ? text.length() : end + 1;
            }
            if (c == '/' && is(at + 1, '*')) {
                return endOfComment();
            }
            if (c == '$') {
                return endOfDollar();
            }
            return isLetter(c) ? endOfWord(at) : at + 1;
        }

        /** Is the text that begins here an E'…'? The word before it has been copied. */
        private boolean escapes() {
            boolean letter =
                    dialect == Dialect.SQL && at > 0 && (text.charAt(at - 1) == 'E' || text.charAt(at - 1) == 'e');
            return letter && (at == 1 || !isPartOfWord(text.charAt(at - 2)));
        }

        private int endOfQuote(char quote, boolean escapes) {
            for (int i = at + 1; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c == '\\' && escapes) {
                    i++;
                } else if (c == quote && is(i + 1, quote)) {
                    i++;
                } else if (c == quote) {
                    return i + 1;
                }
            }
            throw wrong(at, String.valueOf(quote), "a closing " + quote);
        }

        private int endOfComment() {
            int depth = 0;
            for (int i = at; i < text.length(); i++) {
                if (text.charAt(i) == '/' && is(i + 1, '*') && (depth == 0 || dialect == Dialect.SQL)) {
                    depth++;
                    i++;
                } else if (text.charAt(i) == '*' && is(i + 1, '/')) {
                    depth--;
                    i++;
                    if (depth == 0) {
                        return i + 1;
                    }
                }
            }
            throw wrong(at, "/*", "a closing */");
        }

        private int endOfDollar() {
            int end = at + 1;
            if (dialect == Dialect.SQL && end < text.length() && isLetter(text.charAt(end))) {
                while (end < text.length() && isPartOfWord(text.charAt(end)) && text.charAt(end) != '$') {
                    end++;
                }
            }
            if (!is(end, '$')) {
                throw wrong(at, "$", "a named parameter such as :key, or a dollar quote");
            }
            String tag = text.substring(at, end + 1);
            int close = text.indexOf(tag, end + 1);
            if (close < 0) {
                throw wrong(at, tag, "a closing " + tag);
            }
            return close + tag.length();
        }

        private int endOfWord(int from) {
            int end = from;
            while (end < text.length() && isPartOfWord(text.charAt(end))) {
                end++;
            }
            return end;
        }

        private void parameter() {
            int from = at;
            int end = endOfWord(at + 1);
            String word = text.substring(at + 1, end);
            Parameter.Kind kind = Parameter.kind(word);
            if (kind == null || !dialect.kinds.contains(kind)) {
                throw wrong(from, ":" + word, dialect.expected());
            }
            String argument = "";
            if (kind.takesArgument()) {
                int close = is(end, '(') ? text.indexOf(')', end) : -1;
                if (close < 0) {
                    throw wrong(
                            from, ":" + word, kind == Parameter.Kind.JSON ? ":json(/pointer)" : ":" + word + "(name)");
                }
                argument = text.substring(end + 1, close).strip();
                end = close + 1;
            }
            try {
                append(Parameter.of(kind, argument));
            } catch (IllegalArgumentException e) {
                throw wrong(
                        from,
                        text.substring(from, end),
                        kind == Parameter.Kind.JSON ? "a JSON pointer such as /order/id" : "a name in the brackets");
            }
            at = end;
            if (at < text.length() && Character.isDigit(text.charAt(at))) {
                compiled.append(' '); // or it would become part of the number
            }
        }

        private void append(Parameter parameter) {
            if (dialect == Dialect.CQL) {
                parameters.add(parameter);
                compiled.append('?');
                return;
            }
            int index = parameters.indexOf(parameter);
            if (index < 0) {
                index = parameters.size();
                parameters.add(parameter);
            }
            compiled.append('$').append(index + 1);
        }

        private void copyTo(int end) {
            compiled.append(text, at, end);
            at = end;
        }

        private boolean is(int index, char c) {
            return index < text.length() && text.charAt(index) == c;
        }

        private IllegalArgumentException wrong(int index, String offender, String expected) {
            return new IllegalArgumentException("at column " + (index + 1) + ", " + offender + ": " + expected);
        }

        private static boolean isLetter(char c) {
            return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80;
        }

        private static boolean isPartOfWord(char c) {
            return isLetter(c) || c >= '0' && c <= '9' || c == '$';
        }
    }
}
