package io.forelog.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RemarksTest {
    private static List<String> of(String more) {
        Map<String, Object> read = DocumentText.parse("targets: [{name: log, type: log, default: true}]\n" + more);
        DocumentParser.Parsed parsed = new DocumentParser(Catalogue.BUILT, Map.of()).parse("ns", read);
        assertThat(parsed.problems()).isEmpty();
        NamespaceDocument document = parsed.document();
        return document == null ? List.of() : Remarks.of(document);
    }

    @Test
    void whatDoesNothingYetIsSaid() {
        assertThat(of("receipts: {store: none}")).singleElement().asString().startsWith("receipts.store: none");
        assertThat(of("accept_risk: [topic-retention]"))
                .singleElement()
                .asString()
                .startsWith("accept_risk: [topic-retention]");
    }

    @Test
    void whoIsShutOutIsSaid() {
        assertThat(of("access: {write: [team], admin: [team]}"))
                .satisfiesExactly(
                        write -> assertThat(write).startsWith("access.write: [team]: nobody can write"),
                        admin -> assertThat(admin).startsWith("access.admin: [team]"));
        assertThat(of("access: {write: [team, anonymous]}")).isEmpty();
    }

    @Test
    void aPlainDocumentHasNone() {
        assertThat(of("")).isEmpty();
    }
}
