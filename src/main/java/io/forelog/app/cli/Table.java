package io.forelog.app.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Text in aligned columns; a column of numbers is flush right. One command's; bounded by what it prints. */
final class Table {
    private static final int CELL_MAX = 80;
    /** The last column, where reasons and problems stand, lines up nothing behind it. */
    private static final int LAST_MAX = 300;

    private List<String> heads;
    private final List<List<String>> rows = new ArrayList<>();

    Table(String... heads) {
        this.heads = List.of(heads);
    }

    /** Null is shown as a dash. */
    Table row(@Nullable Object... cells) {
        List<String> row = new ArrayList<>(cells.length);
        for (Object cell : cells) {
            String text = cell == null || cell.toString().isEmpty() ? "-" : cell.toString();
            int most = row.size() == cells.length - 1 ? LAST_MAX : CELL_MAX;
            row.add(cut(text.replaceAll("\\s*\\R\\s*", " ").replaceAll("\\p{Cntrl}", "?"), most));
        }
        rows.add(row);
        return this;
    }

    /** Leaves out those of the columns that have nothing but zeros. */
    Table withoutZeros(String... columns) {
        for (String name : columns) {
            int column = heads.indexOf(name);
            if (rows.stream().allMatch(row -> row.get(column).equals("0"))) {
                heads = without(heads, column);
                rows.replaceAll(row -> without(row, column));
            }
        }
        return this;
    }

    private static List<String> without(List<String> cells, int column) {
        List<String> rest = new ArrayList<>(cells);
        rest.remove(column);
        return rest;
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    /** Lines without an end of line after the last; heads in capitals. */
    String render() {
        int columns = heads.size();
        int[] widths = new int[columns];
        boolean[] numbers = new boolean[columns];
        for (int column = 0; column < columns; column++) {
            widths[column] = heads.get(column).length();
            int at = column;
            numbers[column] = rows.stream().anyMatch(row -> !row.get(at).equals("-"));
            for (List<String> row : rows) {
                widths[column] = Math.max(widths[column], row.get(column).length());
                numbers[column] &= row.get(column).matches("-|-?[\\d,.]+%?");
            }
        }
        StringBuilder text = new StringBuilder();
        line(text, heads.stream().map(head -> head.toUpperCase(Locale.ROOT)).toList(), widths, numbers);
        for (List<String> row : rows) {
            text.append(System.lineSeparator());
            line(text, row, widths, numbers);
        }
        return text.toString();
    }

    private static void line(StringBuilder text, List<String> cells, int[] widths, boolean[] numbers) {
        int begin = text.length();
        for (int column = 0; column < cells.size(); column++) {
            String cell = cells.get(column);
            String space = " ".repeat(widths[column] - cell.length());
            text.append(column == 0 ? "" : "  ").append(numbers[column] ? space + cell : cell + space);
        }
        while (text.length() > begin && text.charAt(text.length() - 1) == ' ') {
            text.setLength(text.length() - 1);
        }
    }

    private static String cut(String text, int most) {
        return text.length() <= most ? text : text.substring(0, most - 1) + "…";
    }
}
