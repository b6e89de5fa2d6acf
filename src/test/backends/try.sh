#!/usr/bin/env bash
# Behind `./forelog try kafka|sqs`: one broker on this machine, from Maven's artifacts, in the foreground, for trying things.
# Its state lies in the directory and is there again at the next start. Nothing is installed.
set -euo pipefail
backends=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=$(cd "$backends/../../.." && pwd)

usage() {
  cat <<'TEXT'
Usage: forelog try kafka|sqs [--port PORT] [--dir DIR]
Starts a broker on this machine, in the foreground, for trying things: Apache Kafka, or ElasticMQ, which speaks SQS's
protocol. The first run fetches it with Maven. End it with Ctrl-C; what it holds is there again at the next start.
      --port PORT   where to listen (default: 9092 for kafka, 9324 for sqs)
      --dir DIR     where its state lies (default: data/try/kafka, data/try/sqs)

Examples:
  forelog try kafka
  forelog start --conf conf/examples/kafka       # in a second terminal
TEXT
}

fail() {
  echo "forelog: try: $1" >&2
  exit "${2:-1}"
}

what=${1:-}
case $what in
  kafka) backend=kafka port=9092 name="Apache Kafka" ;;
  sqs) backend=elasticmq port=9324 name="ElasticMQ (SQS)" ;;
  -h | --help) usage && exit 0 ;;
  *) usage >&2 && fail "'$what' (expected: kafka or sqs)" 2 ;;
esac
shift
dir=data/try/$what
while (($#)); do
  case $1 in
    --port=*) port=${1#*=} && shift ;;
    --dir=*) dir=${1#*=} && shift ;;
    --port) port=${2:-} && shift $(($# > 1 ? 2 : 1)) ;;
    --dir) dir=${2:-} && shift $(($# > 1 ? 2 : 1)) ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && fail "'$1' (expected: --port or --dir)" 2 ;;
  esac
done
[[ $port =~ ^[0-9]+$ ]] && ((port >= 1 && port <= 65535)) || fail "--port: '$port' (expected: 1 to 65535)" 2
[[ -n $dir ]] || fail "--dir: '' (expected: a directory)" 2
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

listens() { # PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
listens "$port" && fail "port $port is taken (expected: a free one, by --port)"

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
command -v "$java" >/dev/null || fail "no $java (expected: Java 17 or later, by JAVA_HOME or on the PATH)"

# The class path: resolved once, again when the pom is newer or a jar is gone.
kept=$home/target/backends/$backend.classpath
pom=$backends/$backend/pom.xml
is_whole() {
  [[ -s $kept && ! $pom -nt $kept ]] || return 1
  local jar IFS=:
  for jar in $(<"$kept"); do [[ -f $jar ]] || return 1; done
}
if ! is_whole; then
  command -v mvn >/dev/null || fail "no mvn on the PATH to fetch $name with (expected: Maven 3.8 or later)"
  echo "fetching $name (first run takes a minute) …" >&2
  mkdir -p "$home/target/backends"
  log=$(mktemp)
  rm -f "$kept"
  goal=org.apache.maven.plugins:maven-dependency-plugin:3.9.0:build-classpath
  resolve() { mvn -q -B -ntp -f "$pom" "$goal" "-Dmdep.outputFile=$kept" -Dmdep.includeScope=runtime "$@"; }
  if ! { resolve -o || resolve; } >"$log" 2>&1 </dev/null || ! is_whole; then
    cat "$log" >&2
    rm -f "$log" "$kept"
    fail "$name could not be fetched, see above"
  fi
  rm -f "$log"
fi
classpath=$(<"$kept")

fill() { # TEMPLATE NAME VALUE …: the template with each @NAME@ replaced
  local text
  text=$(<"$1") && shift
  while (($#)); do
    text=${text//"@$1@"/"$2"}
    shift 2
  done
  printf '%s\n' "$text"
}

# Quick to start and small; TRY_JAVA_OPTS holds words that say otherwise.
flags=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto)
if [[ $what == kafka ]]; then
  # Its second port is for itself; the broker remembers the first, so a restart may choose others.
  controller=$((port < 65535 ? port + 1 : port - 1))
  while listens "$controller"; do controller=$((1024 + RANDOM)); done
  fill "$backends/kafka/server.properties" node 1 port "$port" controller-port "$controller" \
    voters "1@127.0.0.1:$controller" data "$dir/data" copies 1 copies-min 1 >"$dir/server.properties"
  # For trying things: a topic that is written to is there.
  printf 'auto.create.topics.enable=true\nnum.partitions=3\n' |
    cat <(grep -v '^auto.create.topics.enable=\|^num.partitions=' "$dir/server.properties") - >"$dir/server.properties.new"
  mv "$dir/server.properties.new" "$dir/server.properties"
  flags+=(-Xmx384m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn)
  "$java" "${flags[@]}" -cp "$classpath" kafka.tools.StorageTool format -t Rm9yZWxvZ1RyeUthZmthMQ \
    -c "$dir/server.properties" --ignore-formatted >"$dir/format.out" 2>&1 || {
    cat "$dir/format.out" >&2
    fail "the directory $dir could not be prepared, see above"
  }
  main=(kafka.Kafka "$dir/server.properties")
  says="bootstrap servers 127.0.0.1:$port"
else
  mkdir -p "$dir/data"
  fill "$backends/elasticmq/elasticmq.conf" port "$port" data "$dir/data" >"$dir/elasticmq.conf"
  flags+=(-Xmx256m "-Dconfig.file=$dir/elasticmq.conf" -Dpekko.loglevel=WARNING)
  main=(org.elasticmq.server.Main)
  says="endpoint http://127.0.0.1:$port, any region and credentials"
fi

echo "starting $name (its log: $dir/$what.out) …" >&2
# shellcheck disable=SC2086 # TRY_JAVA_OPTS holds words
"$java" "${flags[@]}" ${TRY_JAVA_OPTS:-} -cp "$classpath" "${main[@]}" >>"$dir/$what.out" 2>&1 </dev/null &
broker=$!
trap 'kill "$broker" 2>/dev/null && wait "$broker" || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for ((tick = 0; tick < 600; tick++)); do
  kill -0 "$broker" 2>/dev/null || break
  listens "$port" && break
  sleep 0.1
done
if ! kill -0 "$broker" 2>/dev/null || ! listens "$port"; then
  tail -n 30 "$dir/$what.out" >&2
  fail "$name did not start, see above"
fi
echo "$name is listening on 127.0.0.1:$port: $says (end with Ctrl-C)"
status=0
wait "$broker" || status=$?
trap - EXIT
tail -n 30 "$dir/$what.out" >&2
fail "$name ended by itself (exit code $status), see above"
