package io.forelog.model;

/**
 * The proof of an append: a position in the queue.
 *
 * @param sequence the queue's own ascending number within its partition; 0-based
 * @param partition 0 where the queue has none
 */
public record Receipt(String queue, int partition, long sequence) {
    @Override
    public String toString() {
        return queue + "/" + partition + "/" + sequence;
    }
}
