#!/usr/bin/env bash
# Tests scripts/stack.sh with the real broker on free ports and a data folder of its own:
#   scripts/tests/stack_test.sh        needs `make setup`; takes about 15 s
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
stack=$root/scripts/stack.sh
work=$(mktemp -d)
passed=0 failed=0

check() {
  local what=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok      $what"
  else
    failed=$((failed + 1))
    echo "FAILED  $what"
  fi
}
says() { grep -qF -- "$1" <<<"$output"; }
is() { [ "$1" = "$2" ]; }
not() { ! "$@"; }
# One that has ended and waits for init to take note is not alive.
alive() { local stat; stat=$(cat "/proc/$1/stat" 2>/dev/null) && [[ ${stat##*) } != Z* ]]; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Six ports in a row that nobody listens on, below the range that the system hands out by itself.
free_base() {
  local base port
  while :; do
    base=$((20000 + RANDOM % 10000))
    for port in $(seq "$base" $((base + 5))); do listens "$port" && continue 2; done
    echo "$base"
    return
  done
}

unset KRONIKA_CONFIG KRONIKA_HOME
# No build's programs: the ports and the folder given are all that the broker alone needs.
export KRONIKA_PRESET=none KRONIKA_DATA_DIR=$work/data KRONIKA_PORT_BASE
KRONIKA_PORT_BASE=$(free_base)
cleanup() {
  "$stack" stop >/dev/null 2>&1
  KRONIKA_DATA_DIR=$work/second "$stack" stop >/dev/null 2>&1
  rm -rf "$work"
}
trap cleanup EXIT

output=$("$stack" status 2>&1)
check "a stack that was never started is stopped" says "kafka       stopped"

output=$("$stack" start kafka 2>&1)
check "the broker starts and says so" says "kafka is ready"
pid=$(cut -d' ' -f1 "$KRONIKA_DATA_DIR/run/kafka.pid")
check "it accepts connections" listens "$KRONIKA_PORT_BASE"
cluster=$(cat "$KRONIKA_DATA_DIR/kafka/cluster.id")

output=$("$stack" start kafka 2>&1)
check "a second start leaves it running" says "kafka already runs"
check "as the same process" is "$pid" "$(cut -d' ' -f1 "$KRONIKA_DATA_DIR/run/kafka.pid")"

output=$(KRONIKA_DATA_DIR=$work/second "$stack" start kafka 2>&1)
code=$?
check "another stack on its ports is refused" is $code 1
check "in one sentence that names port and setting" says "port $KRONIKA_PORT_BASE is taken by another program: stop that, or give another port with kafka.bootstrap_servers"
check "that is one line" is "$(wc -l <<<"$output")" 1

output=$(KRONIKA_DATA_DIR=$work/second KRONIKA_PORT_BASE=$(free_base) "$stack" start kafka 2>&1)
check "with ports of its own it runs beside the first" says "kafka is ready"
output=$(KRONIKA_DATA_DIR=$work/second "$stack" stop 2>&1)
check "and its stop" says "kafka has stopped"
check "leaves the first alone" alive "$pid"

output=$("$stack" stop 2>&1)
check "the stop says what has stopped" says "kafka has stopped"
check "and leaves no process behind" not alive "$pid"
check "nor a listener" not listens "$KRONIKA_PORT_BASE"

# The number of a process that ended may belong to a stranger by now.
sleep 60 &
stranger=$!
echo "$stranger 1" >"$KRONIKA_DATA_DIR/run/kafka.pid"
"$stack" stop >/dev/null 2>&1
check "a stranger with a remembered number is never ended" alive "$stranger"
kill "$stranger"

"$stack" start kafka >/dev/null 2>&1
check "the data survive: it is the same cluster" is "$cluster" "$(cat "$KRONIKA_DATA_DIR/kafka/cluster.id")"
pid=$(cut -d' ' -f1 "$KRONIKA_DATA_DIR/run/kafka.pid")
kill -KILL "$pid"
while alive "$pid"; do sleep 0.1; done
output=$("$stack" status 2>&1)
check "a broker that was killed counts as stopped" says "kafka       stopped"
output=$("$stack" start kafka 2>&1)
check "and starts again on its data" says "kafka is ready"

output=$(KRONIKA_PORT_BASE=many "$stack" start kafka 2>&1)
check "a port base that is no number is named" says "KRONIKA_PORT_BASE is 'many'"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
