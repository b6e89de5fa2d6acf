# syntax=docker/dockerfile:1
FROM maven:3-eclipse-temurin-17 AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/m2 \
    mvn -q -B -ntp -Dmaven.repo.local=/m2 -DskipTests package \
 && mkdir -p /out/app/lib /out/conf /out/data \
 && cp forelog LICENSE /out/app/ \
 && cp target/forelog-*.jar target/lib/*.jar /out/app/lib/ \
 && if [ -d conf ]; then cp -r conf/. /out/conf/; fi

FROM eclipse-temurin:17-jre
LABEL org.opencontainers.image.title="Forelog" \
      org.opencontainers.image.description="An open, generic, distributed write-ahead log service" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 forelog \
 && useradd --system --uid 10001 --gid forelog --no-create-home --shell /usr/sbin/nologin forelog
COPY --from=build /out/app /opt/forelog
COPY --from=build --chown=forelog:forelog /out/conf /conf
COPY --from=build --chown=forelog:forelog /out/data /data
# The archive fits this JVM and these paths alone, so it is made here. Without it all starts the same, slower.
RUN ln -s /opt/forelog/forelog /usr/local/bin/forelog \
 && { forelog archive || echo "WARNING: no archive of class data: containers start slower" >&2; }
USER forelog
WORKDIR /data
ENV FORELOG_LOG=json FORELOG_BIND_HOST=0.0.0.0
VOLUME ["/data", "/conf"]
# HTTP writes, gRPC, management
EXPOSE 8080 9090 8081
# Asks /health/ready on the management port; the image needs no curl.
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=3 CMD ["forelog", "health"]
ENTRYPOINT ["forelog"]
CMD ["start", "--conf", "/conf", "--data", "/data"]
