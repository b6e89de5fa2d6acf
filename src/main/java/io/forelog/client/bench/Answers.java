package io.forelog.client.bench;

/**
 * What became of the entries of one call.
 *
 * @param refused for certain in no queue and not taken on: a status that says so, 4xx, 429, or 503 without an outcome
 */
public record Answers(int trues, int falses, int unknowns, int refused) {
    static Answers unknown(int entries) {
        return new Answers(0, 0, entries, 0);
    }

    static Answers refused(int entries) {
        return new Answers(0, 0, 0, entries);
    }
}
