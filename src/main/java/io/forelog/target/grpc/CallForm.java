package io.forelog.target.grpc;

import io.forelog.model.Delivery;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;

/** What a delivery is as a call. Immutable. */
interface CallForm {
    /** Bytes both ways: what comes back is not looked into. */
    ServiceMethod<Buffer, Buffer> method();

    /** The serialized request. Nobody changes it. */
    Buffer message(Delivery delivery);

    /** Adds the metadata of this delivery to {@code metadata}; what is configured comes after it. */
    void metadata(Delivery delivery, MultiMap metadata);

    /** {@code fullName}: {@code package.Service/Method}. */
    static ServiceMethod<Buffer, Buffer> method(String fullName) {
        int slash = fullName.indexOf('/');
        return ServiceMethod.client(
                ServiceName.create(fullName.substring(0, slash)),
                fullName.substring(slash + 1),
                GrpcMessageEncoder.IDENTITY,
                GrpcMessageDecoder.IDENTITY);
    }
}
