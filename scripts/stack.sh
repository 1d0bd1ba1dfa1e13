#!/usr/bin/env bash
# Starts and stops kronika on this machine: the local Kafka, the consumers, the gateway and the doors, in the background.
#   scripts/stack.sh start [kafka]   all of it, or the broker alone; what runs already is left running
#   scripts/stack.sh stop            stops what it started, and nothing else; leaves no process behind
#   scripts/stack.sh status          a line a process; exit 0 when all run
#   scripts/stack.sh data-dir        prints the data folder in force
#   scripts/stack.sh settings        prints the settings in force, for `source`
#   scripts/stack.sh logs [NAME]     follows the log of one (kafka, citizen, indicators, gateway, edge-grpc, edge-fhir, edge-mllp) or all
#
# Settings come from config/kronika.yaml and the environment (docs/config.md). Several stacks run side by side when each
# has a data folder and ports of its own:
#   KRONIKA_DATA_DIR=/tmp/other KRONIKA_PORT_BASE=21000 scripts/stack.sh start
# takes ports 21000-21011: Kafka, its controller, metrics of citizen, indicators and gateway, the gateway, and a door and its
# metrics each: gRPC, FHIR, MLLP; and 21020-21025: health of the six.
# KRONIKA_PRESET (release, else dev) says which build's programs run.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

# shellcheck source=scripts/secure.sh
source "$root/scripts/secure.sh"

readonly doors=(edge-grpc edge-fhir edge-mllp)
readonly programs=(citizen indicators gateway "${doors[@]}")
readonly ready_seconds=120 stop_seconds=45

say() { printf '%s\n' "$*"; }
die() { printf 'kronika: %s\n' "$*" >&2; exit 1; }

# --- settings --------------------------------------------------------------------------------------------------------

# The folder of the built programs; nothing when there are none.
find_bin() {
  local preset
  for preset in ${KRONIKA_PRESET:-release dev}; do
    if [ -x "$root/build/$preset/bin/kronika" ]; then
      echo "$root/build/$preset/bin"
      return
    fi
  done
}

# Sets KRONIKA_* to the effective settings, as the programs themselves read them.
read_settings() {
  export KRONIKA_HOME=${KRONIKA_HOME:-$root}
  if [ -n "${KRONIKA_PORT_BASE:-}" ]; then
    local base=$KRONIKA_PORT_BASE
    if ! [[ $base =~ ^[1-9][0-9]{0,4}$ ]] || [ "$base" -gt 65500 ]; then
      die "KRONIKA_PORT_BASE is '$base'; give a port from 1 to 65500."
    fi
    export KRONIKA_KAFKA_BOOTSTRAP_SERVERS=${KRONIKA_KAFKA_BOOTSTRAP_SERVERS:-127.0.0.1:$base}
    export KRONIKA_LOCAL_CONTROLLER_PORT=${KRONIKA_LOCAL_CONTROLLER_PORT:-$((base + 1))}
    export KRONIKA_CITIZEN_METRICS_PORT=${KRONIKA_CITIZEN_METRICS_PORT:-$((base + 2))}
    export KRONIKA_INDICATORS_METRICS_PORT=${KRONIKA_INDICATORS_METRICS_PORT:-$((base + 3))}
    export KRONIKA_GATEWAY_METRICS_PORT=${KRONIKA_GATEWAY_METRICS_PORT:-$((base + 4))}
    export KRONIKA_GATEWAY_PORT=${KRONIKA_GATEWAY_PORT:-$((base + 5))}
    export KRONIKA_EDGE_GRPC_PORT=${KRONIKA_EDGE_GRPC_PORT:-$((base + 6))}
    export KRONIKA_EDGE_GRPC_METRICS_PORT=${KRONIKA_EDGE_GRPC_METRICS_PORT:-$((base + 7))}
    export KRONIKA_EDGE_FHIR_PORT=${KRONIKA_EDGE_FHIR_PORT:-$((base + 8))}
    export KRONIKA_EDGE_FHIR_METRICS_PORT=${KRONIKA_EDGE_FHIR_METRICS_PORT:-$((base + 9))}
    export KRONIKA_EDGE_MLLP_PORT=${KRONIKA_EDGE_MLLP_PORT:-$((base + 10))}
    export KRONIKA_EDGE_MLLP_METRICS_PORT=${KRONIKA_EDGE_MLLP_METRICS_PORT:-$((base + 11))}
    export KRONIKA_CITIZEN_HEALTH_PORT=${KRONIKA_CITIZEN_HEALTH_PORT:-$((base + 20))}
    export KRONIKA_INDICATORS_HEALTH_PORT=${KRONIKA_INDICATORS_HEALTH_PORT:-$((base + 21))}
    export KRONIKA_GATEWAY_HEALTH_PORT=${KRONIKA_GATEWAY_HEALTH_PORT:-$((base + 22))}
    export KRONIKA_EDGE_GRPC_HEALTH_PORT=${KRONIKA_EDGE_GRPC_HEALTH_PORT:-$((base + 23))}
    export KRONIKA_EDGE_FHIR_HEALTH_PORT=${KRONIKA_EDGE_FHIR_HEALTH_PORT:-$((base + 24))}
    export KRONIKA_EDGE_MLLP_HEALTH_PORT=${KRONIKA_EDGE_MLLP_HEALTH_PORT:-$((base + 25))}
  fi
  bin=$(find_bin)
  if [ -n "$bin" ]; then
    local text
    text=$("$bin/kronika" config print --env) || exit 2 # the tool has named the setting
    set -a
    eval "$text"
    set +a
  elif [ -z "${KRONIKA_PORT_BASE:-}" ] && [ "$1" = start ]; then
    die "the programs are not built yet: run 'make build' first."
  else # the broker alone, for tests: ports are given, the rest are the defaults
    export KRONIKA_DATA_DIR=${KRONIKA_DATA_DIR:-$root/var/data}
    export KRONIKA_LOCAL_KAFKA_HEAP_MB=${KRONIKA_LOCAL_KAFKA_HEAP_MB:-512}
  fi
  case $KRONIKA_DATA_DIR in /*) ;; *) KRONIKA_DATA_DIR=$KRONIKA_HOME/$KRONIKA_DATA_DIR ;; esac
  run=$KRONIKA_DATA_DIR/run
  logs=$KRONIKA_DATA_DIR/log
  secure=$KRONIKA_DATA_DIR/secure
  kafka_address=${KRONIKA_KAFKA_BOOTSTRAP_SERVERS:-127.0.0.1:9092}
  if [ "$1" = settings ]; then secure_env operator; fi
}

# Only a broker address on this machine means: start one here.
kafka_is_ours() { [[ $kafka_address =~ ^(127\.[0-9.]+|localhost):[0-9]+$ ]]; }

metrics_port() {
  case $1 in
    citizen) echo "$KRONIKA_CITIZEN_METRICS_PORT" ;;
    indicators) echo "$KRONIKA_INDICATORS_METRICS_PORT" ;;
    gateway) echo "$KRONIKA_GATEWAY_METRICS_PORT" ;;
    edge-grpc) echo "$KRONIKA_EDGE_GRPC_METRICS_PORT" ;;
    edge-fhir) echo "$KRONIKA_EDGE_FHIR_METRICS_PORT" ;;
    edge-mllp) echo "$KRONIKA_EDGE_MLLP_METRICS_PORT" ;;
  esac
}

# Empty where the program has no health port.
health_port() {
  case $1 in
    citizen) echo "${KRONIKA_CITIZEN_HEALTH_PORT#0}" ;;
    indicators) echo "${KRONIKA_INDICATORS_HEALTH_PORT#0}" ;;
    gateway) echo "${KRONIKA_GATEWAY_HEALTH_PORT#0}" ;;
    edge-grpc) echo "${KRONIKA_EDGE_GRPC_HEALTH_PORT#0}" ;;
    edge-fhir) echo "${KRONIKA_EDGE_FHIR_HEALTH_PORT#0}" ;;
    edge-mllp) echo "${KRONIKA_EDGE_MLLP_HEALTH_PORT#0}" ;;
  esac
}

# --- processes -------------------------------------------------------------------------------------------------------

# A process number is reused; together with its start time (field 22 of proc(5)'s stat) it names one process.
start_time() {
  local stat
  local -a fields # from the third on: the second is the program's name in brackets and may hold blanks
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -r -a fields <<<"${stat##*) }"
  [ "${fields[0]}" != Z ] || return 1 # ended, and waits to be reaped
  echo "${fields[19]}"
}

# Prints the number of the process that we started under this name, if it is still that process.
running_pid() {
  local pid started
  [ -f "$run/$1.pid" ] || return 1
  read -r pid started <"$run/$1.pid" || return 1
  [ "$(start_time "$pid" || true)" = "$started" ] || return 1
  echo "$pid"
}

# launch NAME COMMAND...: in a session of its own, so that Ctrl-C in this terminal does not reach it.
launch() {
  local name=$1 pid
  shift
  mkdir -p "$run" "$logs"
  setsid "$@" >>"$logs/$name.log" 2>&1 </dev/null 9>&- &
  pid=$!
  echo "$pid $(start_time "$pid" || echo gone)" >"$run/$name.pid"
  disown "$pid"
}

# Waits until `ready NAME` succeeds; a process that ends, or does not get there in time, is an error with its last words.
await() {
  local name=$1 ready=$2 deadline=$((SECONDS + ready_seconds))
  until "$ready" "$name"; do
    running_pid "$name" >/dev/null || die "$name ended while starting: $(last_words "$name")"
    [ $SECONDS -lt $deadline ] || die "$name was not ready after $ready_seconds s: $(last_words "$name")"
    sleep 0.1
  done
  say "  $name is ready"
}

last_words() {
  local line
  line=$(grep -v '^[[:space:]]*at ' "$logs/$1.log" 2>/dev/null | tail -n 1 | cut -c1-400)
  echo "${line:-it said nothing} (log: $logs/$1.log)"
}

# stop_all NAME...: asks all, waits for each, and ends by force what does not go.
stop_all() {
  local name pid deadline
  for name in "$@"; do
    if pid=$(running_pid "$name"); then kill -TERM "$pid" 2>/dev/null || true; fi
  done
  deadline=$((SECONDS + stop_seconds))
  for name in "$@"; do
    if pid=$(running_pid "$name"); then
      while running_pid "$name" >/dev/null; do
        if [ $SECONDS -ge $deadline ]; then
          say "  $name did not stop within $stop_seconds s and is ended by force"
          kill -KILL "$pid" 2>/dev/null || true
          deadline=$((SECONDS + 10))
        fi
        sleep 0.1
      done
    fi
    if [ -f "$run/$name.pid" ]; then
      say "  $name has stopped"
      rm -f "$run/$name.pid"
    fi
  done
}

# --- ports -----------------------------------------------------------------------------------------------------------

accepts() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# need_port PORT SETTING NAME: not for a process of ours that runs already.
need_port() {
  running_pid "$3" >/dev/null && return
  if accepts 127.0.0.1 "$1"; then
    die "port $1 is taken by another program: stop that, or give another port with $2 (in config/kronika.yaml, or in the environment as KRONIKA_$(tr 'a-z.' 'A-Z_' <<<"$2"))."
  fi
}

check_ports() {
  local -a ports=()
  if kafka_is_ours; then
    ports+=("${kafka_address##*:} kafka.bootstrap_servers kafka" "$KRONIKA_LOCAL_CONTROLLER_PORT local.controller_port kafka")
  fi
  local name
  if [ "$1" = all ]; then
    ports+=("$KRONIKA_GATEWAY_PORT gateway.port gateway" "$KRONIKA_EDGE_GRPC_PORT edge_grpc.port edge-grpc"
      "$KRONIKA_EDGE_FHIR_PORT edge_fhir.port edge-fhir" "$KRONIKA_EDGE_MLLP_PORT edge_mllp.port edge-mllp")
    for name in "${programs[@]}"; do
      ports+=("$(metrics_port "$name") ${name/-/_}.metrics_port $name")
      if [ -n "$(health_port "$name")" ]; then ports+=("$(health_port "$name") ${name/-/_}.health_port $name"); fi
    done
  fi
  local twice line
  twice=$(printf '%s\n' "${ports[@]}" | cut -d' ' -f1 | sort | uniq -d | head -n 1)
  [ -z "$twice" ] || die "port $twice is given to two settings: $(printf '%s\n' "${ports[@]}" | awk -v p="$twice" '$1 == p {printf "%s%s", n++ ? " and " : "", $2}'); change one."
  local port setting
  for line in "${ports[@]}"; do
    read -r port setting name <<<"$line"
    need_port "$port" "$setting" "$name"
  done
}

# --- secrets ---------------------------------------------------------------------------------------------------------

# ensure_secret FILE NAME WHAT: makes one for use on this machine; a deployment mounts its own. The data folder keeps a
# fingerprint of the secret that its data were made with: with another one no citizen would be found again.
ensure_secret() {
  local file=$1 what=$3 print=$KRONIKA_DATA_DIR/$2.sha256 now
  if [ ! -f "$file" ]; then
    [ ! -f "$print" ] || die "$file ($what) is gone, and the data were made with it: put it back, or remove the data with 'make clean'."
    mkdir -p "$(dirname "$file")"
    (umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$file.new" && echo >>"$file.new" && mv "$file.new" "$file")
    say "  made $file ($what, for this machine only)"
  fi
  now=$(sha256sum <"$file")
  if [ ! -f "$print" ]; then
    echo "$now" >"$print"
  elif [ "$(cat "$print")" != "$now" ]; then
    die "$file ($what) is not the one that the data in $KRONIKA_DATA_DIR were made with: put that back, or remove the data with 'make clean'."
  fi
}

# The sealing keys of this and the next months; a file with one key of no month is left as it is.
ensure_seal_keys() {
  local file=$KRONIKA_SEAL_KEY_FILE
  if [ ! -f "$file" ]; then
    [ ! -f "$KRONIKA_DATA_DIR/sealed" ] || die "$file (sealing keys) is gone, and originals in $KRONIKA_DATA_DIR were sealed with them: put it back, or remove the data with 'make clean'."
    say "  made $file (sealing keys, for this machine only)"
  elif ! grep -q '^[0-9]\{4\}-' "$file"; then
    touch "$KRONIKA_DATA_DIR/sealed"
    return
  fi
  "$bin/kronika" keys make >/dev/null || exit 2 # the tool has said why
  touch "$KRONIKA_DATA_DIR/sealed"
}

# --- Kafka -----------------------------------------------------------------------------------------------------------

find_java() {
  local version
  command -v java >/dev/null || die "java is missing: run 'make setup'."
  version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
  [ "${version:-0}" -ge 17 ] || die "java ${version:-?} is too old for Kafka: put version 17 or newer first on the PATH."
}

# One node that is broker and controller, on loopback. The log is the system of record, so nothing expires by default.
write_kafka_properties() {
  cat >"$1" <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$KRONIKA_LOCAL_CONTROLLER_PORT
controller.listener.names=CONTROLLER
log.dirs=$KRONIKA_DATA_DIR/kafka/log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=6
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=6
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
message.max.bytes=16777216
replica.fetch.max.bytes=16777216
EOF
  if secure_on; then
    secure_kafka_properties >>"$1"
    chmod 600 "$1" # it holds passwords
    return
  fi
  cat >>"$1" <<EOF
listeners=PLAINTEXT://127.0.0.1:${kafka_address##*:},CONTROLLER://127.0.0.1:$KRONIKA_LOCAL_CONTROLLER_PORT
advertised.listeners=PLAINTEXT://127.0.0.1:${kafka_address##*:}
inter.broker.listener.name=PLAINTEXT
EOF
}

kafka_answers() { accepts 127.0.0.1 "${kafka_address##*:}" && grep -q 'Kafka Server started' <(tail -n "+$kafka_log_from" "$logs/kafka.log"); }

start_kafka() {
  if running_pid kafka >/dev/null; then
    say "  kafka already runs"
    return
  fi
  local lib=$root/var/kafka/lib dir=$KRONIKA_DATA_DIR/kafka properties=$run/kafka.properties
  ls "$lib"/kafka_2.13-*.jar >/dev/null 2>&1 || die "Kafka is not installed: run 'make setup'."
  find_java
  mkdir -p "$dir" "$run" "$logs"
  if secure_on; then secure_prepare; fi
  write_kafka_properties "$properties"
  local -a java=(java -cp "$lib/*" "-Dlog4j2.configurationFile=$root/deploy/local/kafka/log4j2.properties")
  if [ ! -f "$dir/cluster.id" ]; then
    # As Kafka's own random-uuid: 16 bytes, URL-safe base64, no leading dash (it would read as an option).
    local id=-
    while [[ $id == -* ]]; do id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'); done
    "${java[@]}" kafka.tools.StorageTool format -t "$id" -c "$properties" --ignore-formatted >>"$logs/kafka.log" 2>&1 ||
      die "Kafka's folder could not be formatted: $(last_words kafka)"
    echo "$id" >"$dir/cluster.id"
  fi
  kafka_log_from=$(($(wc -l <"$logs/kafka.log" 2>/dev/null || echo 0) + 1))
  launch kafka "${java[@]}" "-Xms128m" "-Xmx${KRONIKA_LOCAL_KAFKA_HEAP_MB}m" -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
    -Djava.awt.headless=true kafka.Kafka "$properties"
  await kafka kafka_answers
}

# --- programs --------------------------------------------------------------------------------------------------------

metrics_page() {
  local address=${KRONIKA_METRICS_ADDRESS:-127.0.0.1}
  exec 3<>"/dev/tcp/${address/#0.0.0.0/127.0.0.1}/$1" || return 1
  printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
  timeout 5 cat <&3
}

program_is_ready() {
  (metrics_page "$(metrics_port "$1")") 2>/dev/null | grep -q '^kronika_health_serving{service="ready"} 1'
}

start_program() {
  local name=$1
  if running_pid "$name" >/dev/null; then
    say "  $name already runs"
    return
  fi
  [ -x "$bin/kronika-$name" ] || die "kronika-$name is not built: run 'make build'."
  (secure_env "$name" && launch "$name" "$bin/kronika-$name")
}

# --- commands --------------------------------------------------------------------------------------------------------

lock() {
  mkdir -p "$run"
  exec 9>"$run/lock"
  flock -w 120 9 || die "another start or stop of this stack is under way ($run/lock)."
}

start() {
  local what=${1:-all}
  lock
  check_ports "$what"
  if kafka_is_ours; then
    start_kafka
  else
    say "  using the Kafka at $kafka_address"
  fi
  [ "$what" = all ] || return 0
  [ -n "$bin" ] || die "the programs are not built yet: run 'make build' first."
  ensure_secret "$KRONIKA_IDENTITY_SECRET_FILE" person-key "person keys"
  ensure_seal_keys
  if secure_on; then secure_grant; fi
  (secure_env admin && "$bin/kronika" topics create) >>"$logs/topics.log" 2>&1 || die "the topics could not be created: $(last_words topics)"
  say "  topics are there"
  local name
  for name in "${programs[@]}"; do start_program "$name"; done
  for name in "${programs[@]}"; do await "$name" program_is_ready; done
}

# The doors first, so that nothing new comes; the broker last: each program can still commit what it has in hand.
stop() {
  [ -d "$run" ] || return 0
  lock
  stop_all "${doors[@]}"
  stop_all gateway indicators citizen
  stop_all kafka
}

status() {
  local name pid state all=0
  for name in kafka "${programs[@]}"; do
    if [ "$name" = kafka ] && ! kafka_is_ours; then
      printf '%-11s %s\n' kafka "elsewhere, at $kafka_address"
    elif pid=$(running_pid "$name"); then
      state=running
      if [ "$name" != kafka ] && ! program_is_ready "$name"; then state="not ready"; fi
      printf '%-11s %-10s pid %-8s %s\n' "$name" "$state" "$pid" \
        "$(awk '/^VmRSS/ {printf "%d MiB", $2 / 1024}' "/proc/$pid/status" 2>/dev/null)"
    else
      printf '%-11s %s\n' "$name" stopped
      all=1
    fi
  done
  return $all
}

follow_logs() {
  if [ -n "${1:-}" ]; then exec tail -n 50 -F "$logs/$1.log"; fi
  exec tail -n 20 -F "$logs"/*.log
}

command=${1:-}
shift || true
case $command in
  start | stop | status | logs | data-dir | settings) read_settings "$command" ;;
  *) die "usage: scripts/stack.sh start [kafka] | stop | status | logs [NAME]" ;;
esac
case $command in
  start) start "$@" ;;
  stop) stop ;;
  status) status ;;
  logs) follow_logs "$@" ;;
  data-dir) say "$KRONIKA_DATA_DIR" ;;
  settings) export -p | grep '^declare -x KRONIKA_' ;;
esac
