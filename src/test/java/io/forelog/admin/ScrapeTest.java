package io.forelog.admin;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ScrapeTest {
    @Test
    void leavesOutTheSeriesOfNamespacesThatAreNotShown() {
        String text = """
                # HELP forelog_writes_total of namespace="theirs"
                # TYPE forelog_writes_total counter
                forelog_writes_total{namespace="ours",outcome="true"} 1.0
                forelog_writes_total{namespace="theirs",outcome="true"} 2.0
                forelog_settled_total{outcome="x",namespace="theirs",target="namespace="} 3.0
                forelog_settled_total{outcome="subnamespace",target="ours"} 4.0
                forelog_database_state{database="own/theirs",outcome="SERVING"} 1.0
                forelog_database_state{database="own/ours",outcome="SERVING"} 1.0
                forelog_database_state{database="shared",outcome="SERVING"} 1.0
                jvm_threads_live_threads 12.0
                # EOF""";
        assertThat(Scrape.shown(text, namespace -> namespace.equals("ours"))).isEqualTo("""
                # HELP forelog_writes_total of namespace="theirs"
                # TYPE forelog_writes_total counter
                forelog_writes_total{namespace="ours",outcome="true"} 1.0
                forelog_settled_total{outcome="subnamespace",target="ours"} 4.0
                forelog_database_state{database="own/ours",outcome="SERVING"} 1.0
                forelog_database_state{database="shared",outcome="SERVING"} 1.0
                jvm_threads_live_threads 12.0
                # EOF""");
        assertThat(Scrape.shown(text, namespace -> true)).isEqualTo(text);
        assertThat(Scrape.shown("", namespace -> true)).isEmpty();
    }
}
