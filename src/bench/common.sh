# shellcheck shell=bash
# What the measurements of this directory share; sourced, after `here`, `seconds` and `rounds` are set.
home=$(cd -P "$here/../.." && pwd)
work=$(mktemp -d)
pids=()

finish() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT

say() { echo "bench: $*" >&2; }
json() { python3 -c 'import json,sys; d=json.load(sys.stdin); print(eval(sys.argv[1], {"d": d}))' "$1"; }
free_port() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : 0 }'; }
range() { sort -n | awk '{ v[NR] = $1 } END { printf (v[NR] < 10 ? "%.2f to %.2f" : "%d to %d"), v[1], v[NR] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "-" }'; }

jar=$(ls -t "$home"/target/forelog-*.jar 2>/dev/null | head -1 || true)
[[ -n $jar && -d $home/target/lib ]] || { say "no jar in target (expected: mvn -DskipTests package first)"; exit 1; }

# Starts a node on $work/conf, of which conf/forelog.yaml is there; leaves its process in $server and where it listens.
start_server() {
  mkdir -p "$work/conf/namespaces"
  local ready=false flags=(--add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED
    -Dio.netty.tryReflectionSetAccessible=true -Dvertx.disableFileCPResolving=true -Xms256m "-Xmx${HEAP:-1g}" -XX:+UseG1GC)
  # shellcheck disable=SC2086 # SERVER_OPTS holds words
  java "${flags[@]}" ${SERVER_OPTS:-} -cp "$jar" io.forelog.app.Main start --conf "$work/conf" --data "$work/data" \
    --http-port 0 --grpc-port 0 --management-port 0 >"$work/server.log" 2>&1 &
  server=$!
  pids+=("$server")
  for _ in $(seq 120); do
    if [[ -s $work/data/ports.json ]]; then
      management=$(json 'd["management"]' <"$work/data/ports.json")
      if curl -fsS -o "$work/ready" "http://127.0.0.1:$management/health/ready" 2>/dev/null; then ready=true; break; fi
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.5
  done
  $ready || { cat "$work/server.log" >&2; say "the server did not get ready"; exit 1; }
  grpc=$(json 'd["grpc"]' <"$work/data/ports.json")
  http=$(json 'd["http"]' <"$work/data/ports.json")
  admin="http://127.0.0.1:$management/admin/v1/namespaces"
}
bench() { java -Xmx512m -XX:+UseParallelGC -cp "$jar" io.forelog.app.Main bench "$@" --data "$work/data" -o json; }

load=$(cut -d' ' -f1 /proc/loadavg)
measured_on() { # MORE: the line above a table of results
  printf '%s, %s cores (%s), %s, 1 KiB payloads%s, load before %s; medians of %s, %s s each.\n\n' "$(date -u +%Y-%m-%d)" "$(nproc)" \
    "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo)" "$(java -version 2>&1 | head -1)" "$1" "$load" "$rounds" "$seconds"
}

# ---- h2load
have() { command -v "$1" >/dev/null || { say "no $1: its rows are left out"; return 1; }; }
ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; } # hundredths of a second

space=bench # whose writes are counted
accepted() { # entries that were answered TRUE
  curl -fsS "http://127.0.0.1:$management/metrics" |
    awk -v n="namespace=\"$space\"" '/^forelog_writes_total/ && index($0, n) && /outcome="true"/ { sum += $NF } END { printf "%d", sum }'
}
# A refusal is quicker than a write, and a generator takes it for an answer like any other: the log itself says how many came in.
taken() { # OFFERED ENTRIES SECONDS: entries a second
  local rate
  rate=$(awk -v n="$2" -v s="$3" 'BEGIN { printf "%.0f", n / s }')
  awk -v r="$rate" -v o="$1" 'BEGIN { exit !(r < 0.95 * o) }' && say "shed: $1 calls/s answered, $rate entries/s taken"
  echo "$rate"
}
# Prints the rate; leaves the server's µs an operation in $work/cpu. Of the time between the warm-up and the end alone.
h2() { # PATH BODY IN_FLIGHT ENTRIES_A_CALL (0 = writes nothing)
  local load had before from came after time rate
  h2load -t 1 -c 4 -m $((($3 + 3) / 4)) -D "$seconds" --warm-up-time=2 -d "$2" -H 'content-type: application/grpc' \
    -H 'te: trailers' "http://127.0.0.1:$grpc$1" >"$work/h2load" &
  load=$!
  sleep 2.2
  had=$(accepted) before=$(ticks "$server") from=$EPOCHREALTIME
  sleep "$(awk -v s="$seconds" 'BEGIN { print s - 0.5 }')"
  came=$(($(accepted) - had)) after=$(ticks "$server") time=$(awk -v f="$from" -v t="$EPOCHREALTIME" 'BEGIN { print t - f }')
  wait "$load"
  rate=$(grep -oE '[0-9.]+ req/s' "$work/h2load" | head -1 | cut -d' ' -f1)
  if ((! $(awk '/^status codes:/ { print $3 }' "$work/h2load"))); then cat "$work/h2load" >&2; fi
  if (($4)); then rate=$(taken "$(awk -v r="$rate" -v n="$4" 'BEGIN { print r * n }')" "$came" "$time"); fi
  awk -v t=$((after - before)) -v r="$rate" -v s="$time" 'BEGIN { print r ? t * 10000 / (r * s) : 0 }' >"$work/cpu"
  echo "$rate"
}
bodies() { # NAMESPACE: what is sent: an entry of 1 KiB, 32 of them, a stream of four times 32, the payload alone
  space=$1
python3 - "$work" "$1" <<'BODIES'
import os, struct, sys
work, namespace = sys.argv[1:]
def varint(n):
    out = b''
    while n > 127:
        out += bytes([n & 127 | 128]); n >>= 7
    return out + bytes([n])
def field(number, data): return varint(number << 3 | 2) + varint(len(data)) + data
payload = os.urandom(1024)
entry = field(1, namespace.encode()) + field(3, payload) + field(4, field(3, b'key-1'))
def frame(message): return b'\0' + struct.pack('>I', len(message)) + message
open(work + '/one.bin', 'wb').write(frame(entry))
open(work + '/batch.bin', 'wb').write(frame(b''.join(field(1, entry) for _ in range(32))))
open(work + '/stream.bin', 'wb').write(b''.join(frame(bytes([8, n]) + field(2, entry) * 32) for n in range(1, 5)))
open(work + '/payload.bin', 'wb').write(payload)
BODIES
}
