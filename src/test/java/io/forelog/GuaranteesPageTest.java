package io.forelog;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds docs/guarantees.md to the tests that it names: each is there, and is a test. */
class GuaranteesPageTest {
    private static final Path PAGE = Path.of("docs", "guarantees.md");
    private static final Path TESTS = Path.of("src", "test", "java");
    private static final Pattern NAMED = Pattern.compile("`([A-Z]\\w+)#(\\w+)`");
    private static final Pattern ROW = Pattern.compile("(?m)^\\|(?! promise |---)(.*)\\|$");

    private final Map<String, List<String>> classes = classes();

    /** Names with their package, by simple name. */
    private static Map<String, List<String>> classes() {
        try (Stream<Path> files = Files.walk(TESTS)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .map(file -> TESTS.relativize(file).toString().replace('/', '.'))
                    .map(name -> name.substring(0, name.length() - ".java".length()))
                    .collect(Collectors.groupingBy(
                            name -> name.substring(name.lastIndexOf('.') + 1), TreeMap::new, Collectors.toList()));
        } catch (IOException e) {
            throw new IllegalStateException("the tests can't be listed", e);
        }
    }

    @Test
    void everyTestThatIsNamedIsThere() throws IOException {
        List<String> missing = new ArrayList<>();
        Matcher named = NAMED.matcher(Files.readString(PAGE));
        int found = 0;
        while (named.find()) {
            if (isTest(named.group(1), named.group(2))) {
                found++;
            } else {
                missing.add(named.group());
            }
        }
        assertThat(missing).isEmpty();
        assertThat(found).isGreaterThan(50);
    }

    private boolean isTest(String type, String member) {
        List<String> names = classes.getOrDefault(type, List.of());
        assertThat(names.size()).as("classes named " + type).isLessThan(2);
        for (String name : names) {
            Class<?> loaded = load(name);
            Stream<AnnotatedElement> members =
                    Stream.concat(Stream.of(loaded.getDeclaredMethods()), Stream.of(loaded.getDeclaredFields()));
            if (members.anyMatch(each -> nameOf(each).equals(member) && isAnnotatedAsTest(each))) {
                return true;
            }
        }
        return false;
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name, false, GuaranteesPageTest.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(name + " is in src/test/java and was not compiled", e);
        }
    }

    private static String nameOf(AnnotatedElement member) {
        return ((java.lang.reflect.Member) member).getName();
    }

    private static boolean isAnnotatedAsTest(AnnotatedElement member) {
        return Stream.of(member.getAnnotations())
                .map(Annotation::annotationType)
                .map(Class::getName)
                .anyMatch(name -> name.startsWith("org.junit.jupiter.")
                        || name.startsWith("net.jqwik.api.")
                        || name.startsWith("com.tngtech.archunit.junit."));
    }

    @Test
    void everyPromiseSaysHowItIsKeptAndWhatBreaksItOrThatNothingDoes() throws IOException {
        Matcher rows = ROW.matcher(Files.readString(PAGE));
        int found = 0;
        while (rows.find()) {
            found++;
            String[] cells = rows.group(1).split("\\|");
            assertThat(cells).as(rows.group()).hasSize(3);
            assertThat(cells).as(rows.group()).noneMatch(String::isBlank);
            assertThat(NAMED.matcher(cells[2]).find() || cells[2].contains("no test yet"))
                    .as("a test, or that there is none: " + rows.group())
                    .isTrue();
        }
        assertThat(found).isGreaterThan(30);
    }
}
