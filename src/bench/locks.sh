#!/usr/bin/env bash
# Measures what locks cost: unary writes to a node in plain text and open, and to one with TLS and identities, in turns on one machine.
# h2load shows no client certificate: an API key says who calls, checked with every request. Client certificates are measured with
# `forelog bench write`, which costs the machine more than h2load, so that its rows are to be compared with each other alone.
set -euo pipefail

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seconds=${SECONDS_EACH:-8}
rounds=${ROUNDS:-3}
# shellcheck source=src/bench/common.sh
source "$here/common.sh"
have h2load || exit 1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench -addext 'subjectAltName=IP:127.0.0.1' \
  -keyout "$work/tls.key" -out "$work/tls.crt" 2>"$work/openssl.log"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=caller -keyout "$work/caller.key" -out "$work/caller.csr" \
  2>>"$work/openssl.log"
openssl x509 -req -in "$work/caller.csr" -CA "$work/tls.crt" -CAkey "$work/tls.key" -CAcreateserial -days 2 -out "$work/caller.crt" \
  2>>"$work/openssl.log"
java -cp "$jar" io.forelog.app.Main apikey create bench >"$work/made"
key=$(json 'd["key"]' <"$work/made")
json '__import__("json").dumps([d["line"]])' <"$work/made" >"$work/keys.json"

document() {
  cat <<'DOCUMENT'
persistence_configurations:
  persistence_configuration: [{ physical_storage: { type: EMBEDDED } }]
targets: [{ name: out, type: kv, default: true }]
retention: PT0S
DOCUMENT
}
mkdir -p "$work/open/namespaces" "$work/locked/namespaces" "$work/mutual/namespaces"
printf 'bench: true\n' >"$work/open/forelog.yaml"
cat >"$work/locked/forelog.yaml" <<YAML
bench: true
tls: { certificate: $work/tls.crt, key: $work/tls.key }
identities: { api_keys: $work/keys.json, admins: [bench] }
YAML
cat >"$work/mutual/forelog.yaml" <<YAML
bench: true
tls: { certificate: $work/tls.crt, key: $work/tls.key, client_ca: $work/tls.crt, client_auth: request }
identities: { api_keys: $work/keys.json, certificates: true, admins: [bench, 'CN=caller'] }
YAML
document >"$work/open/namespaces/bench.yaml"
document >"$work/mutual/namespaces/bench.yaml"
document >"$work/locked/namespaces/bench.yaml"
bodies bench

flags=(--add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED
  -Dio.netty.tryReflectionSetAccessible=true -Dvertx.disableFileCPResolving=true -Xms256m -Xmx1g -XX:+UseG1GC)
begin() { # KIND SCHEME: a node, paused; leaves its process in $pid, where it listens in $grpc and $management
  rm -rf "$work/data"
  java "${flags[@]}" -cp "$jar" io.forelog.app.Main start --conf "$work/$1" --data "$work/data" --http-port 0 --grpc-port 0 \
    --management-port 0 >"$work/$1.log" 2>&1 &
  pid=$!
  pids+=("$pid")
  for _ in $(seq 120); do
    [[ -s $work/data/ports.json ]] && curl -fsSk -o "$work/ready" \
      "$2://127.0.0.1:$(json 'd["management"]' <"$work/data/ports.json")/health/ready" 2>/dev/null && break
    sleep 0.5
  done
  grpc=$(json 'd["grpc"]' <"$work/data/ports.json")
  management=$(json 'd["management"]' <"$work/data/ports.json")
  curl -fsSk -o "$work/answer" -X POST -H "x-api-key: $key" -d '{}' "$2://127.0.0.1:$management/admin/v1/namespaces/bench:pause"
}
end() { kill "$pid" && wait "$pid" 2>/dev/null || true; }
one() { # KIND SCHEME: the rate of TRUE answers, after a warm-up
  local pid grpc management before
  begin "$1" "$2"
  before=$(ticks "$pid")
  h2load -t 1 -c 4 -m 64 -D "$seconds" --warm-up-time=4 -d "$work/one.bin" -H 'content-type: application/grpc' -H 'te: trailers' \
    -H "x-api-key: $key" "$2://127.0.0.1:$grpc/forelog.v1.WriteAheadLog/WriteToLog" >"$work/h2load"
  grep -oE '[0-9.]+ req/s' "$work/h2load" | head -1 | cut -d' ' -f1
  # As many as were answered must have come in: a refusal is quick, too.
  local spent=$(($(ticks "$pid") - before)) came
  came=$(curl -fsSk -H "x-api-key: $key" "$2://127.0.0.1:$management/metrics" |
    awk '/^forelog_writes_total/ && /namespace="bench"/ && /outcome="true"/ { sum += $NF } END { printf "%d", sum }')
  echo "$came" >>"$work/$1.accepted"
  awk -v t="$spent" -v n="$came" 'BEGIN { printf "%.1f\n", t * 10000 / n }' >>"$work/$1.cpu"
  end
}
ours() { # NAME KIND SCHEME [VARIABLE=VALUE…]: the rate of TRUE answers to our own client
  local name=$1 pid grpc management
  begin "$2" "$3"
  shift 3
  env "$@" java -Xmx512m -XX:+UseParallelGC -cp "$jar" io.forelog.app.Main bench write --namespace bench --data "$work/data" -o json \
    --duration "PT${seconds}S" --warmup PT4S --server-pid "$pid" >"$work/ours"
  json 'd["entries_per_second"]' <"$work/ours" >>"$work/$name.rates"
  json 'round(d["server_cpu_micros_per_entry"], 1)' <"$work/ours" >>"$work/$name.cpu"
  end
}
for _ in $(seq "$rounds"); do
  one open http >>"$work/open.rates"
  one locked https >>"$work/locked.rates"
  ours plain open http X=
  ours mutual mutual https "FORELOG_CA=$work/tls.crt" "FORELOG_CERT=$work/caller.crt" "FORELOG_KEY=$work/caller.key"
done
measured_on ''
open=$(median <"$work/open.rates")
locked=$(median <"$work/locked.rates")
printf '| what | rate | range | ratio | server µs an entry |\n|---|---|---|---|---|\n'
printf '| WriteToLog, open | %s /s | %s | 1.00 | %s |\n' "$open" "$(range <"$work/open.rates")" "$(median <"$work/open.cpu")"
printf '| WriteToLog, TLS and API keys | %s /s | %s | %s | %s |\n' "$locked" "$(range <"$work/locked.rates")" "$(ratio "$locked" "$open")" "$(median <"$work/locked.cpu")"
plain=$(median <"$work/plain.rates")
mutual=$(median <"$work/mutual.rates")
printf '| bench write, open | %s /s | %s | 1.00 | %s |\n' "$plain" "$(range <"$work/plain.rates")" "$(median <"$work/plain.cpu")"
printf '| bench write, TLS and client certificates | %s /s | %s | %s | %s |\n' "$mutual" "$(range <"$work/mutual.rates")" \
  "$(ratio "$mutual" "$plain")" "$(median <"$work/mutual.cpu")"
printf '\naccepted by the node itself: open %s, locked %s\n' "$(median <"$work/open.accepted")" "$(median <"$work/locked.accepted")"
