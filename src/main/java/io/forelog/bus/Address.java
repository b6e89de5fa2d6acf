package io.forelog.bus;

/**
 * A typed address: what is asked there and what is answered.
 *
 * @param name of the room; a namespace, and a target where there is one, complete it
 */
public record Address<Q, A>(String name, Class<Q> request, Class<A> reply) {
    /** Served by the one QueuePump of the namespace. */
    public static final Address<AppendBatch, AppendReply> APPEND =
            new Address<>("forelog.append", AppendBatch.class, AppendReply.class);

    /** {@link #APPEND}, served to other nodes by the node that has the namespace's queue. */
    public static final Address<AppendBatch, AppendReply> APPEND_ACROSS =
            new Address<>("forelog.append.across", AppendBatch.class, AppendReply.class);

    /**
     * Served by the one TargetWriter of namespace and target on this node. It answers within twice the target's time-out
     * (once to wait for a slot, once for the attempt): ask with a limit of that and some seconds more.
     */
    public static final Address<DeliveryBatch, DeliveryReply> DELIVER =
            new Address<>("forelog.deliver", DeliveryBatch.class, DeliveryReply.class);

    String of(String namespace) {
        return name + "/" + namespace;
    }

    /** {@code namespace/target}: what an address of a target is completed with. */
    public static String target(String namespace, String target) {
        return namespace + "/" + target;
    }
}
