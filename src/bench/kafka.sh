#!/usr/bin/env bash
# Measures queues on Kafka against a raw producer and against Confluent's parallel consumer, all on one broker in one run on one
# machine, and prints a Markdown table.
#
#   src/bench/kafka.sh                 about 25 minutes; h2load (Debian: nghttp2-client) for the unary rows
#   SECONDS_EACH=5 ROUNDS=1 src/bench/kafka.sh
#
# Fetches the peers with Maven. Starts its own broker, server and receivers on free ports and directories, and ends them by their ids.
set -euo pipefail

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seconds=${SECONDS_EACH:-8}
rounds=${ROUNDS:-3}
concurrency=${CONCURRENCY:-1000}
delays=${DELAYS:-1 10 100}
# shellcheck source=src/bench/common.sh
source "$here/common.sh"

end() { # PID
  kill "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

mvn -q -B -ntp -f "$here/kafka/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.9.0:build-classpath \
  "-Dmdep.outputFile=$work/classpath" >&2
javac -cp "$(<"$work/classpath")" -d "$work/peers" "$here/kafka/Peers.java"
peers() { # in a process of its own: in a pipe, or behind &
  exec java -Xmx512m -XX:+UseG1GC -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$work/peers:$(<"$work/classpath")" Peers "$@"
}

# ---- the broker and the server
broker_port=$(free_port)
# As brokers are run, not as they are tried; the books are counted once, not in the middle of a measurement.
TRY_JAVA_OPTS="-XX:+UseG1GC -XX:-UseSerialGC -XX:TieredStopAtLevel=4 -Xmx1g" \
  "$home/src/test/backends/try.sh" kafka --port "$broker_port" --dir "$work/kafka" >"$work/broker.out" 2>&1 &
pids+=("$!")
for _ in $(seq 240); do grep -q "is listening on" "$work/broker.out" && break; sleep 0.5; done
grep -q "is listening on" "$work/broker.out" || { cat "$work/broker.out" >&2; say "the broker did not start"; exit 1; }
bootstrap=127.0.0.1:$broker_port

mkdir -p "$work/conf"
printf 'bench: true\naudit_interval: PT1H\nbootstrap_servers: { local: "%s" }\n' "$bootstrap" >"$work/conf/forelog.yaml"
start_server
hook=$(free_port)

namespace() { # NAME ORDER: on Kafka, its delivery to the receiver paused
  curl -fsS -o "$work/answer" -X PUT -H 'content-type: application/yaml' --data-binary @- "$admin/$1" <<DOCUMENT
persistence_configurations:
  persistence_configuration:
    - physical_storage: { type: KAFKA }
      config: { wal-kafka-topics: [$1], wal.kafka.bootstrap.servers.prefix: local }
targets:
  - name: hook
    type: http
    default: true
    limit: { concurrency: $concurrency, batch: 1 }
    config: { url: "http://127.0.0.1:$hook/hook" }
delivery: { order: $2, max_in_flight: 4096 }
DOCUMENT
  curl -fsS -o "$work/answer" -X POST -d '{}' "$admin/$1:pause"
}
write() { # NAMESPACE SECONDS PROTOCOL: entries a second
  bench write --protocol "${3:-stream}" --namespace "$1" --duration "PT$2S" | json 'd["entries_per_second"]'
}
rows=()
row() { rows+=("| $1 | $2 | $3 | $4 |"); say "$1: $2 ($3, $4)"; } # WHAT RESULT RANGE RATIO

# ---- in: the same number of records out at once, 16 messages of 32
namespace any none
namespace keyed key
bodies any
# By h2load: the Java client of `bench write` takes as much of the two cores as the server does.
stream() { h2 /forelog.v1.WriteAheadLog/WriteStream "$work/stream.bin" 4 128; }
have h2load || stream() { write any "$seconds"; }
unary() { h2 /forelog.v1.WriteAheadLog/WriteToLog "$work/one.bin" 256 1; }
say "warming up"
write any 20 >"$work/warm" # the compiler needs some hundred thousand entries before the figures stand still
if have h2load; then
  for _ in 1 2 3; do
    unary >"$work/warm"
    stream >"$work/warm"
  done
fi
for _ in $(seq "$rounds"); do
  peers produce "$bootstrap" raw "$seconds" 512 | json 'd["per_second"]' >>"$work/raw"
  stream >>"$work/stream"
done
raw=$(median <"$work/raw")
stream=$(median <"$work/stream")
row "Raw producer, acks=all, idempotent, 512 in flight" "$raw /s" "$(range <"$work/raw")" 1.00
row "WriteStream into Kafka, at most 16 messages of 32" "$stream entries/s" "$(range <"$work/stream")" "$(ratio "$stream" "$raw") of raw"
if have h2load; then
  for _ in $(seq "$rounds"); do
    h2 /forelog.v1.Bench/Echo "$work/one.bin" 256 0 >>"$work/echo"
    unary >>"$work/unary"
  done
  echo_rate=$(median <"$work/echo")
  unary=$(median <"$work/unary")
  row "Echo gRPC, 256 in flight" "$echo_rate /s" "$(range <"$work/echo")" 1.00
  row "WriteToLog into Kafka, 256 in flight" "$unary /s" "$(range <"$work/unary")" "$(ratio "$unary" "$echo_rate") of echo"
fi

# ---- out: a receiver that answers after so many ms
receive() { # DELAY: starts one; its process is $receiver
  peers receive "$hook" "$1" 5 "$seconds" >"$work/received" 2>"$work/receiver.log" &
  receiver=$!
  pids+=("$receiver")
  for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$hook") 2>/dev/null && break; sleep 0.1; done
}
received() { # waits for what it tells
  for _ in $(seq $(((seconds + 60) * 5))); do [[ -s $work/received ]] && break; sleep 0.2; done
  if [[ -s $work/received ]]; then json 'd["per_second"]' <"$work/received"; else echo 0; fi
}
group=0
for space in any keyed; do
  [[ $space == any ]] && order=UNORDERED || order=KEY
  say "a backlog for $space"
  write "$space" 20 >"$work/warm"
  for delay in $delays; do
    : >"$work/ours" && : >"$work/theirs"
    for _ in $(seq "$rounds"); do
      receive "$delay"
      curl -fsS -o "$work/answer" -X POST -d '{}' "$admin/$space:resume"
      received >>"$work/ours"
      curl -fsS -o "$work/answer" -X POST -d '{}' "$admin/$space:pause"
      sleep 2
      end "$receiver"
      receive "$delay"
      group=$((group + 1))
      peers consume "$bootstrap" "$space" "peer-$group" "$order" "$hook" "$concurrency" >"$work/consumer.log" 2>&1 &
      consumer=$!
      pids+=("$consumer")
      received >>"$work/theirs"
      end "$consumer"
      end "$receiver"
      write "$space" 6 >"$work/warm" # what was delivered is there again
    done
    ours=$(median <"$work/ours")
    theirs=$(median <"$work/theirs")
    row "Parallel consumer, $order, HTTP target of $delay ms" "$theirs /s" "$(range <"$work/theirs")" 1.00
    row "Forelog, $order, HTTP target of $delay ms" "$ours /s" "$(range <"$work/ours")" "$(ratio "$ours" "$theirs") of it"
  done
done

measured_on ", one broker on the same machine, $concurrency calls at once"
cat <<TABLE
| what | result | range | ratio |
|---|---|---|---|
$(printf '%s\n' "${rows[@]}")
TABLE
