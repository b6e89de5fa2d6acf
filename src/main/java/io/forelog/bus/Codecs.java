package io.forelog.bus;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.MessageCodec;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;

/** Registers a codec for every type that crosses the bus: the reference itself within a node, bytes between nodes. */
final class Codecs {
    private Codecs() {}

    static void register(EventBus bus) {
        register(bus, Ask.class, Codecs::stays, Codecs::stays);
        register(bus, AppendBatch.class, BusWire::writeAppendBatch, BusWire::readAppendBatch);
        register(bus, AppendReply.class, BusWire::writeAppendReply, BusWire::readAppendReply);
        register(bus, DeliveryBatch.class, BusWire::writeDeliveryBatch, BusWire::readDeliveryBatch);
        register(bus, DeliveryReply.class, BusWire::writeDeliveryReply, BusWire::readDeliveryReply);
    }

    private static <T> T stays(Object... ignored) {
        throw new IllegalStateException("a request within a node never leaves it");
    }

    private static <T> void register(
            EventBus bus, Class<T> type, BiConsumer<Buffer, T> write, BiFunction<Integer, Buffer, T> read) {
        bus.registerDefaultCodec(type, new Codec<>(type, write, read));
    }

    private record Codec<T>(Class<T> type, BiConsumer<Buffer, T> write, BiFunction<Integer, Buffer, T> read)
            implements MessageCodec<T, T> {
        @Override
        public void encodeToWire(Buffer buffer, T message) {
            write.accept(buffer, message);
        }

        @Override
        public T decodeFromWire(int position, Buffer buffer) {
            return read.apply(position, buffer);
        }

        @Override
        public T transform(T message) {
            return message;
        }

        @Override
        public String name() {
            return "forelog." + type.getSimpleName();
        }

        @Override
        public byte systemCodecID() {
            return -1;
        }
    }
}
