#!/usr/bin/env bash
# Measures Forelog against its own echo and against Redis, all in one run on one machine, and prints a Markdown table.
#
#   src/bench/run.sh                 everything, about 15 minutes
#   SECONDS_EACH=5 ROUNDS=1 src/bench/run.sh
#
# Wants h2load (Debian: nghttp2-client), wrk and redis-server; what is missing leaves its rows out, with a word on
# standard error. Starts its own server and its own Redis on free ports and directories, and ends both by their ids.
set -euo pipefail

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seconds=${SECONDS_EACH:-8}
rounds=${ROUNDS:-3}
# shellcheck source=src/bench/common.sh
source "$here/common.sh"

# ---- the server
mkdir -p "$work/conf"
printf 'bench: true\nadmission: { enabled: %s }\n' "${ADMISSION:-true}" >"$work/conf/forelog.yaml"
start_server

namespace() { # NAME: kv target, its delivery paused
  curl -fsS -o "$work/answer" -X PUT -H 'content-type: application/yaml' --data-binary @- "$admin/$1" <<'DOCUMENT'
persistence_configurations:
  persistence_configuration: [{ physical_storage: { type: EMBEDDED } }]
targets: [{ name: out, type: kv, default: true }]
retention: PT0S
DOCUMENT
  curl -fsS -o "$work/answer" -X POST -d '{}' "$admin/$1:pause"
}
drain() { # NAME: lets it deliver and waits, so that no round inherits the last one's backlog
  curl -fsS -o "$work/answer" -X POST -d '{}' "$admin/$1:resume"
  for _ in $(seq 1200); do
    (($(curl -fsS "$admin/$1/audit" | json 'd["pending"]') == 0)) && break
    sleep 0.5
  done
  curl -fsS -o "$work/answer" -X POST -d '{}' "$admin/$1:pause"
}
accepted_of_many() {
  local number
  for number in $(seq 50); do curl -fsS "$admin/many-$number/audit" | json 'd["entries"]'; done | awk '{ n += $1 } END { print n + 0 }'
}
delivered_of_bench() { curl -fsS "$admin/bench/audit" | json 'd["delivered"]'; }
# ---- one measurement: prints the rate; leaves the server's µs an operation in $work/cpu
http_rate() { # PATH ENTRIES_A_CALL
  local before after rate had
  had=$(accepted)
  before=$(ticks "$server")
  rate=$(wrk -t 1 -c 256 -d "${seconds}s" -s "$work/${3:-post}.lua" "http://127.0.0.1:$http$1" | awk '/Requests\/sec/ { print $2 }')
  after=$(ticks "$server")
  if (($2)); then rate=$(taken "$rate" $(($(accepted) - had)) "$seconds"); fi
  awk -v t=$((after - before)) -v r="$rate" -v s="$seconds" 'BEGIN { print r ? t * 10000 / (r * s) : 0 }' >"$work/cpu"
  echo "$rate"
}

rows=()
row() { rows+=("| $1 | $2 | $3 | $4 | $5 |"); say "$1: $2 ($3, ratio $4)"; } # WHAT RESULT RANGE RATIO CPU
cpu_of() { median <"$1" | awk '{ printf "%.1f", $1 }'; }

cat >"$work/post.lua" <<LUA
local file = io.open("$work/payload.bin", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["content-type"] = "application/octet-stream"
wrk.headers["forelog-key"] = "key-1"
LUA
{
  cat "$work/post.lua"
  printf 'local at = 0\nrequest = function()\n  at = at %% 50 + 1\n'
  printf '  return wrk.format(nil, "/v1/namespaces/many-" .. at .. "/entries")\nend\n'
} >"$work/many.lua"

namespace bench
bodies bench
say "warming up"
if have h2load; then
  for _ in 1 2 3; do # the compiler needs some hundred thousand calls of each kind before the figures stand still
    h2 /forelog.v1.WriteAheadLog/WriteToLog "$work/one.bin" 256 1 >"$work/warm"
    h2 /forelog.v1.Bench/Echo "$work/one.bin" 256 0 >"$work/warm"
    h2 /forelog.v1.WriteAheadLog/WriteBatch "$work/batch.bin" 16 32 >"$work/warm"
    h2 /forelog.v1.WriteAheadLog/WriteStream "$work/stream.bin" 4 128 >"$work/warm"
    drain bench
  done
fi
if have wrk; then
  for _ in 1 2 3; do
    http_rate /bench/echo 0 >"$work/warm"
    http_rate /v1/namespaces/bench/entries 1 >"$work/warm"
    drain bench
  done
fi

echo_rate=0 redis_rate=0 redis_p50=0 unary_rate=0

# ---- Redis, every XADD synced
if have redis-server && have redis-benchmark; then
  redis_port=$(free_port)
  mkdir -p "$work/redis"
  redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$work/redis" --appendonly yes --appendfsync always --save '' \
    >"$work/redis.log" 2>&1 &
  redis=$!
  pids+=("$redis")
  for _ in $(seq 50); do redis-cli -p "$redis_port" ping >"$work/ping" 2>&1 && break; sleep 0.1; done
  value=$(head -c 768 /dev/urandom | base64 -w 0)
  for _ in $(seq "$rounds"); do
    redis-benchmark -p "$redis_port" -c 256 -n 300000 --csv XADD stream MAXLEN '~' 100000 '*' v "$value" |
      awk -F'","' 'END { print $2 }' | tr -d '"' >>"$work/redis.rates"
  done
  redis_rate=$(median <"$work/redis.rates")
  redis_single() {
    redis-benchmark -p "$redis_port" -c 1 -n 5000 --csv XADD stream MAXLEN '~' 100000 '*' v "$value" |
      awk -F'","' 'END { print $5 }' | tr -d '"'
  }
  row "Redis XADD, appendfsync always, 256 clients" "$redis_rate /s" "$(range <"$work/redis.rates")" 1.00 -
fi

# ---- gRPC
if have h2load; then
  for _ in $(seq "$rounds"); do
    h2 /forelog.v1.Bench/Echo "$work/one.bin" 256 0 >>"$work/echo.rates"; cat "$work/cpu" >>"$work/echo.cpu"
    h2 /forelog.v1.WriteAheadLog/WriteToLog "$work/one.bin" 256 1 >>"$work/unary.rates"; cat "$work/cpu" >>"$work/unary.cpu"
    drain bench
    h2 /forelog.v1.WriteAheadLog/WriteBatch "$work/batch.bin" 16 32 >>"$work/batch.rates"; cat "$work/cpu" >>"$work/batch.cpu"
    drain bench
    h2 /forelog.v1.WriteAheadLog/WriteStream "$work/stream.bin" 4 128 >>"$work/stream.rates"; cat "$work/cpu" >>"$work/stream.cpu"
    drain bench
  done
  echo_rate=$(median <"$work/echo.rates")
  unary_rate=$(median <"$work/unary.rates")
  row "Echo gRPC, 256 in flight" "$echo_rate /s" "$(range <"$work/echo.rates")" "1.00 of echo" "$(cpu_of "$work/echo.cpu")"
  row "WriteToLog, 256 in flight" "$unary_rate /s" "$(range <"$work/unary.rates")" \
    "$(ratio "$unary_rate" "$echo_rate") of echo, $(ratio "$unary_rate" "$redis_rate") of Redis" "$(cpu_of "$work/unary.cpu")"
  batch=$(median <"$work/batch.rates")
  row "WriteBatch, 32 a message, 16 in flight" "$batch entries/s" "$(range <"$work/batch.rates")" \
    "$(ratio "$batch" "$redis_rate") of Redis" "$(cpu_of "$work/batch.cpu")"
  stream=$(median <"$work/stream.rates")
  row "WriteStream, 4 messages of 32 a stream, 4 streams at once" "$stream entries/s" "$(range <"$work/stream.rates")" \
    "$(ratio "$stream" "$redis_rate") of Redis" "$(cpu_of "$work/stream.cpu")"
fi

# ---- one in flight
if have h2load; then
  for _ in $(seq "$rounds"); do
    rm -f "$work/times"
    h2load -n 5000 -c 1 -m 1 -t 1 --log-file="$work/times" -d "$work/one.bin" -H 'content-type: application/grpc' \
      -H 'te: trailers' "http://127.0.0.1:$grpc/forelog.v1.WriteAheadLog/WriteToLog" >"$work/h2load"
    sort -n -k 3 "$work/times" | awk '{ v[NR] = $3 } END { print v[int((NR + 1) / 2)] / 1000 }' >>"$work/single.p50"
    if [[ -n ${redis:-} ]]; then redis_single >>"$work/redis.p50"; fi
  done
fi
touch "$work/single.p50" "$work/redis.p50"
single=$(median <"$work/single.p50")
redis_p50=$(median <"$work/redis.p50")
row "Redis XADD, 1 client, p50" "$redis_p50 ms" "$(range <"$work/redis.p50")" 1.00 -
row "WriteToLog, 1 in flight, p50" "$single ms" "$(range <"$work/single.p50")" "$(ratio "$single" "$redis_p50") of Redis" -
drain bench

# ---- HTTP
if have wrk; then
  for _ in $(seq "$rounds"); do
    http_rate /bench/echo 0 >>"$work/post.rates"; cat "$work/cpu" >>"$work/post.cpu"
    http_rate /v1/namespaces/bench/entries 1 >>"$work/http.rates"; cat "$work/cpu" >>"$work/http.cpu"
    drain bench
  done
  post=$(median <"$work/post.rates")
  writes=$(median <"$work/http.rates")
  row "Bare HTTP POST" "$post /s" "$(range <"$work/post.rates")" "1.00 of POST" "$(cpu_of "$work/post.cpu")"
  row "HTTP write" "$writes /s" "$(range <"$work/http.rates")" "$(ratio "$writes" "$post") of POST" "$(cpu_of "$work/http.cpu")"
fi

# ---- namespaces, delivery, delay
if have wrk; then
  for number in $(seq 50); do namespace "many-$number"; done
  before=$(accepted_of_many)
  http_rate / 0 many >"$work/many"
  row "HTTP write, 50 namespaces at once" "$(awk -v n=$(($(accepted_of_many) - before)) -v s="$seconds" 'BEGIN { printf "%.0f", n / s }') /s" \
    - "$(ratio "$(<"$work/many")" "$writes") of one" "$(cat "$work/cpu")"
fi
for target in kv http; do
  bare=()
  if [[ $target == http ]]; then bare=(--bare); fi
  bench deliver --target "$target" "${bare[@]}" --duration "PT${seconds}S" --server-pid "$server" >"$work/deliver" || true
  delivered=$(json 'd["drained_per_second"]' <"$work/deliver")
  beside="$(ratio "$delivered" "$unary_rate") of unary ingest"
  if [[ $target == http ]]; then
    posts=$(json 'd["bare_posts_per_second"]' <"$work/deliver")
    beside="$(ratio "$delivered" "$posts") of a bare client ($posts /s)"
  fi
  row "Delivery of a backlog to $target" "$delivered /s" - "$beside" \
    "$(json 'round(d["server_cpu_micros_per_delivery"], 1)' <"$work/deliver")"
done
if have h2load; then
  curl -fsS -o "$work/answer" -X POST -d '{}' "$admin/bench:resume"
  h2 /forelog.v1.WriteAheadLog/WriteToLog "$work/one.bin" 256 1 >"$work/live" # warms the way through
  before=$(delivered_of_bench)
  began=$(date +%s%N)
  h2 /forelog.v1.WriteAheadLog/WriteToLog "$work/one.bin" 256 1 >"$work/live"
  row "Ingest and delivery to kv at once" "$(<"$work/live") /s in" \
    "$(awk -v n=$(($(delivered_of_bench) - before)) -v t=$(($(date +%s%N) - began)) 'BEGIN { printf "%.0f", n * 1e9 / t }') /s out meanwhile" \
    "$(ratio "$(<"$work/live")" "$unary_rate") of unary ingest" "$(cat "$work/cpu")"
  drain bench
fi
bench delay --entries "${DELAYED:-100000}" --span PT30S --server-pid "$server" >"$work/delay" || true
row "Delay, $(json 'd["arrived"]' <"$work/delay") entries due over 30 s: lateness p50 / p99 / max" \
  "$(json '" / ".join(str(d["lateness_ms"][p]) for p in ("p50", "p99", "max"))' <"$work/delay") ms" \
  "early $(json 'd["early"]' <"$work/delay")" - "$(json 'round(d["server_cpu_micros_per_entry"], 1)' <"$work/delay")"

measured_on ""
cat <<TABLE
| what | result | range | ratio | server µs of CPU each |
|---|---|---|---|---|
$(printf '%s\n' "${rows[@]}")
TABLE
