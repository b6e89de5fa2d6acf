package io.forelog;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every relative link of the pages leads somewhere, to a heading too, and every ADR that the code names is there. */
class DocsLinksTest {
    private static final Path DOCS = Path.of("docs");
    private static final Path ADR = DOCS.resolve("adr");
    private static final Pattern CODE = Pattern.compile("```.*?```|`[^`\n]*`", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} (.+)$");
    private static final Pattern ADR_NAMED = Pattern.compile("\\bADR[ -]?0*(\\d+)|docs/adr/(\\d{4})");

    private static List<Path> below(Path root, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .toList();
        }
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>(below(DOCS, ".md"));
        pages.add(Path.of("README.md"));
        pages.add(Path.of("CHANGELOG.md"));
        return pages;
    }

    @Test
    void everyRelativeLinkLeadsSomewhere() throws IOException {
        List<String> dead = new ArrayList<>();
        int links = 0;
        for (Path page : pages()) {
            Matcher link = LINK.matcher(CODE.matcher(Files.readString(page)).replaceAll(""));
            while (link.find()) {
                String to = link.group(1);
                if (!to.contains("://") && !to.startsWith("mailto:")) {
                    links++;
                    if (!leadsSomewhere(page, to)) {
                        dead.add(page + ": " + to);
                    }
                }
            }
        }
        assertThat(dead).isEmpty();
        assertThat(links).isPositive();
    }

    private static boolean leadsSomewhere(Path page, String link) throws IOException {
        int hash = link.indexOf('#');
        String path = hash < 0 ? link : link.substring(0, hash);
        Path file = path.isEmpty() ? page : page.resolveSibling(path).normalize();
        if (!Files.exists(file)) {
            return false;
        }
        return hash < 0 || !file.toString().endsWith(".md") || anchors(file).contains(link.substring(hash + 1));
    }

    /** As GitHub makes them. */
    private static Set<String> anchors(Path page) throws IOException {
        Set<String> anchors = new HashSet<>();
        Matcher heading = HEADING.matcher(Files.readString(page));
        while (heading.find()) {
            anchors.add(heading.group(1)
                    .toLowerCase(Locale.ROOT)
                    .replaceAll("[^\\p{L}\\p{N} _-]", "")
                    .replace(' ', '-'));
        }
        return anchors;
    }

    @Test
    void everyDecisionThatIsNamedIsThereAndItsNumberIsItsOwn() throws IOException {
        List<Integer> there = new ArrayList<>();
        for (Path page : below(ADR, ".md")) {
            int number = Integer.parseInt(page.getFileName().toString().substring(0, 4));
            there.add(number);
            assertThat(Files.readString(page)).as(page.toString()).startsWith("# " + number + ". ");
        }
        assertThat(there).doesNotHaveDuplicates();
        List<Path> naming = new ArrayList<>(pages());
        naming.addAll(below(Path.of("src"), ".java"));
        List<String> missing = new ArrayList<>();
        for (Path file : naming) {
            Matcher named = ADR_NAMED.matcher(Files.readString(file));
            while (named.find()) {
                int number = Integer.parseInt(named.group(1) == null ? named.group(2) : named.group(1));
                if (!there.contains(number)) {
                    missing.add(file + ": " + named.group());
                }
            }
        }
        assertThat(missing).isEmpty();
    }
}
