package io.forelog.target.evcache;

import io.forelog.target.memcached.NodeAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A node of a server group: IP:PORT, or NAME/IP:PORT where its hosts are named.
 *
 * @param ringName as EVCache places it: {@code NAME/IP:11211}, whatever its port; in EC2's VPC the name is the address
 */
record GroupNode(NodeAddress address, String ringName) {
    private static final String EXPECTATION = "ip:port or name/ip:port, with commas between";

    /** Null, or what is expected of {@code text}, the nodes of one group. */
    static @Nullable String expectation(String text) {
        String[] nodes = text.split(",", -1);
        for (String node : nodes) {
            String[] parts = node.strip().split("/", -1);
            String address = parts[parts.length - 1];
            if (parts.length > 2 || parts[0].isEmpty() || parts.length == 2 && !parts[0].matches("[A-Za-z0-9._-]+")) {
                return EXPECTATION;
            }
            String expectation = NodeAddress.expectation(address);
            if (expectation != null) {
                return EXPECTATION;
            }
            boolean isIp = NodeAddress.parse(address).host().matches("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
            if (!isIp && (nodes.length > 1 || parts.length == 2)) {
                return EXPECTATION + "; a name alone only where the group has one node";
            }
        }
        List<String> names = parse(text).stream().map(GroupNode::ringName).toList();
        return new HashSet<>(names).size() == names.size()
                ? null
                : "no address twice in a group: EVCache tells nodes by it, not by the port";
    }

    static List<GroupNode> parse(String text) {
        List<GroupNode> nodes = new ArrayList<>();
        for (String node : text.split(",")) {
            String stripped = node.strip();
            int slash = stripped.indexOf('/');
            NodeAddress address = NodeAddress.parse(stripped.substring(slash + 1));
            String name = slash < 0 ? address.host() : stripped.substring(0, slash);
            nodes.add(new GroupNode(address, name + "/" + address.host() + ":11211"));
        }
        return nodes;
    }
}
