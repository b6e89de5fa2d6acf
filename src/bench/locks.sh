#!/usr/bin/env bash
# Measures what locks cost: unary writes to a node in plain text and open, and to one with TLS and identities, in turns on one machine.
# Who calls is said by an API key, checked with every request, or by a client certificate, once a connection. h2load shows none by
# itself: certificate.c has it show one (wants a C compiler).
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
one() { # KIND SCHEME [VARIABLE=VALUE…]: its rate of TRUE answers, after a warm-up; h2load has the variables
  local kind=$1 scheme=$2 pid grpc management before who=(-H "x-api-key: $key")
  [[ $kind != mutual ]] || who=()
  begin "$kind" "$scheme"
  shift 2
  before=$(ticks "$pid")
  env "$@" h2load -t 1 -c 4 -m 64 -D "$seconds" --warm-up-time=4 -d "$work/one.bin" -H 'content-type: application/grpc' -H 'te: trailers' \
    "${who[@]}" "$scheme://127.0.0.1:$grpc/forelog.v1.WriteAheadLog/WriteToLog" >"$work/h2load"
  grep -oE '[0-9.]+ req/s' "$work/h2load" | head -1 | cut -d' ' -f1 >>"$work/$kind.rates"
  # As many as were answered must have come in: a refusal is quick, too.
  local spent=$(($(ticks "$pid") - before)) came
  came=$(curl -fsSk -H "x-api-key: $key" "$scheme://127.0.0.1:$management/metrics" |
    awk '/^forelog_writes_total/ && /namespace="bench"/ && /outcome="true"/ { sum += $NF } END { printf "%d", sum }')
  echo "$came" >>"$work/$kind.accepted"
  awk -v t="$spent" -v n="$came" 'BEGIN { printf "%.1f\n", n ? t * 10000 / n : 0 }' >>"$work/$kind.cpu"
  end
}
row() { # WHAT KIND
  local rate
  rate=$(median <"$work/$2.rates")
  printf '| %s | %s /s | %s | %s | %s | %s |\n' "$1" "$rate" "$(range <"$work/$2.rates")" \
    "$(ratio "$rate" "$(median <"$work/open.rates")")" "$(median <"$work/$2.cpu")" "$(median <"$work/$2.accepted")"
}
certificates=false
have cc && cc -shared -fPIC -o "$work/certificate.so" "$here/certificate.c" -ldl && certificates=true
for _ in $(seq "$rounds"); do
  one open http
  one locked https
  ! $certificates || one mutual https "LD_PRELOAD=$work/certificate.so" "CLIENT_CERTIFICATE=$work/caller.crt" "CLIENT_KEY=$work/caller.key"
done
measured_on ''
printf '| what | rate | range | ratio | server µs an entry | accepted by the node itself, warm-up included |\n|---|---|---|---|---|---|\n'
row 'WriteToLog, open' open
row 'WriteToLog, TLS and API keys' locked
! $certificates || row 'WriteToLog, TLS and client certificates' mutual
