package io.forelog.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.config.NodeConfig;
import io.forelog.config.NodeConfigReader;
import org.junit.jupiter.api.Test;

class AdapterCatalogueTest {
    @Test
    void settingsThatATargetTypeDoesNotKnowAreRefusedByName() {
        AdapterCatalogue catalogue = AdapterCatalogue.load();
        NodeConfig config =
                NodeConfigReader.read("targets: {http: {nonsense: 1}, log: {}}", "node", catalogue.schemas());

        assertThat(catalogue.settingsProblems(config))
                .containsExactly("targets.http.nonsense: unknown key (expected: no keys here)");
    }
}
