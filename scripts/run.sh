#!/usr/bin/env bash
# make run: starts everything, plays the sample messages and a small simulated population once for a data folder, shows
# what came out, and stays up until Ctrl-C; then everything is stopped. The data stay: `make clean` removes them.
set -euo pipefail
cd "$(dirname "$0")/.."
export KRONIKA_HOME=${KRONIKA_HOME:-$PWD}

stop() {
  if [ -n "${sleeper:-}" ]; then kill "$sleeper" 2>/dev/null || true; fi
  trap '' INT TERM # a second Ctrl-C must not leave half of it running
  echo
  echo "Stopping kronika"
  scripts/stack.sh stop
}
trap stop EXIT
trap 'exit 0' INT TERM

# Resident counts that fit the simulated population, for rates per inhabitant. The gateway reads them when it starts.
data=$(scripts/stack.sh data-dir)
if [ ! -f "$data/run/played" ] && [ ! -f "$data/residents.csv" ]; then
  mkdir -p "$data"
  ./kronika simulate --residents "$data/residents.csv" || exit
fi

echo "Starting kronika"
scripts/stack.sh start
# The tools must ask the very stack that was just started, also when ports were given by KRONIKA_PORT_BASE.
# shellcheck source=/dev/null
source <(scripts/stack.sh settings)
played=$KRONIKA_DATA_DIR/run/played

# Refused messages are part of the play: the samples hold some that are wrong on purpose (exit code 1). Anything else
# that goes wrong ends the run.
play() { "$@" || { local code=$?; [ $code -eq 1 ] || exit $code; }; }

if [ -f "$played" ]; then
  echo "Samples and simulation were played into $KRONIKA_DATA_DIR before (make clean starts anew)"
else
  echo "Playing the sample messages"
  play ./kronika publish data/samples
  echo "Playing a simulated population: $KRONIKA_SIM_CITIZENS citizens, $KRONIKA_SIM_MONTHS months, seed $KRONIKA_SIM_SEED (invented people, marked as simulated)"
  play ./kronika simulate --citizens "$KRONIKA_SIM_CITIZENS" --months "$KRONIKA_SIM_MONTHS" --seed "$KRONIKA_SIM_SEED" --publish
  touch "$played"
fi
echo
./kronika summary
echo
echo "kronika is up: data in $KRONIKA_DATA_DIR, logs in $KRONIKA_DATA_DIR/log. Ctrl-C stops it."

# Ends with a sentence, not in silence, should one of the processes end.
while sleep 2 & sleeper=$!; wait "$sleeper"; do
  scripts/stack.sh status >/dev/null || {
    echo "kronika: a process has ended; its log is in $KRONIKA_DATA_DIR/log:" >&2
    scripts/stack.sh status >&2 || true
    exit 1
  }
done
