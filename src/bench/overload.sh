#!/usr/bin/env bash
# Overload: a node held to 5,000 entries/s, offered far more by a generator that costs little (h2load, HTTP/1.1), beside what it
# does at nine tenths of that capacity. Prints a Markdown table.
#
#   src/bench/overload.sh              about 2 minutes
set -euo pipefail

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seconds=${SECONDS_EACH:-10}
rounds=${ROUNDS:-3}
# shellcheck source=src/bench/common.sh
source "$here/common.sh"

capacity=5000
mkdir -p "$work/conf"
printf 'queues: { embedded: { throttle_entries_per_second: %s } }\n' "$capacity" >"$work/conf/forelog.yaml"
start_server
curl -fsS -o "$work/answer" -X PUT -H 'content-type: application/yaml' --data-binary @- "$admin/bench" <<'DOCUMENT'
persistence_configurations:
  persistence_configuration: [{ physical_storage: { type: EMBEDDED } }]
targets: [{ name: out, type: kv, default: true }]
retention: PT0S
DOCUMENT
curl -fsS -o "$work/answer" -X POST -d '{}' "$admin/bench:pause"
head -c 1024 /dev/urandom >"$work/body"

offer() { # CLIENTS SECONDS FLAGS…: what each call was answered, and when, into $work/calls
  local clients=$1 time=$2
  shift 2
  rm -f "$work/calls"
  h2load --h1 -t 1 -c "$clients" -D "$time" --log-file="$work/calls" "$@" -d "$work/body" \
    -H 'content-type: application/octet-stream' "http://127.0.0.1:$http/v1/namespaces/bench/entries" >"$work/h2load" 2>&1
}
told() { # SECONDS: calls a second; those answered TRUE a second; their p99 in ms
  python3 - "$work/calls" "$1" <<'CALLS'
import sys
calls = [line.split() for line in open(sys.argv[1])]
seconds = float(sys.argv[2])
taken = sorted(int(call[2]) for call in calls if call[1] == '201')
print(round(len(calls) / seconds), round(len(taken) / seconds), taken[int(len(taken) * 0.99)] / 1000 if taken else 0)
CALLS
}

say "warming up"
offer 64 6
offer 256 8
for _ in $(seq "$rounds"); do
  offer 100 "$seconds" --rps 45
  told "$seconds" >"$work/told"
  awk '{ print $3 }' "$work/told" >>"$work/normal"
  offer 256 "$seconds" --rps $((capacity * 10 / 256 + 1)) # open loop
  told "$seconds" >"$work/told"
  say "overload: offered, TRUE a second, p99 of TRUE in ms: $(<"$work/told")"
  awk '{ print $1 }' "$work/told" >>"$work/offered"
  awk '{ print $2 }' "$work/told" >>"$work/good"
  awk '{ print $3 }' "$work/told" >>"$work/p99"
done
offer 64 1 --rps 40
told 1 >"$work/after"
normal=$(median <"$work/normal")
good=$(median <"$work/good")
p99=$(median <"$work/p99")

measured_on ", capacity held at $capacity entries/s"
cat <<TABLE
| what | median | range | beside |
|---|---|---|---|
| Offered | $(median <"$work/offered") /s | $(range <"$work/offered") | |
| Answered TRUE | $good /s | $(range <"$work/good") | $(ratio "$good" "$capacity") of capacity |
| p99 of what was answered TRUE | $p99 ms | $(range <"$work/p99") | $(ratio "$p99" "$normal") of normal |
| p99 at nine tenths of the capacity, "normal" | $normal ms | $(range <"$work/normal") | 1 |
| The first second after, 2,560 /s offered | $(awk '{ print $2 }' "$work/after") /s TRUE, p99 $(awk '{ print $3 }' "$work/after") ms | | |
TABLE
