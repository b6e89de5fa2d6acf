package io.forelog.blob;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;

/** Makes one type of blob store available; found by {@link ServiceLoader}. Stateless, any thread. */
public interface BlobStoreProvider {
    /** The name in configuration, lower case. */
    String type();

    /** What its settings may hold. */
    ConfigSchema schema();

    /** Opens the store and makes what it lies in. The settings were checked against the schema. */
    Future<BlobStore> open(BlobOptions options);

    /** @throws WalException INVALID_ARGUMENT where no such type is known */
    static BlobStoreProvider of(String type) {
        List<String> known = new ArrayList<>();
        for (BlobStoreProvider provider : ServiceLoader.load(BlobStoreProvider.class)) {
            if (provider.type().equals(type)) {
                return provider;
            }
            known.add(provider.type());
        }
        throw new WalException(ErrorCode.INVALID_ARGUMENT, "blob store: " + type + " (expected: one of " + known + ")");
    }
}
