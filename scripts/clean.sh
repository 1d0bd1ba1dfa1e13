#!/usr/bin/env bash
# Removes what kronika made:  scripts/clean.sh data   (stores and Kafka's log)
#                             scripts/clean.sh all    (also builds, fetched Kafka, local secrets)
# Refuses while kronika runs.
set -euo pipefail
cd "$(dirname "$0")/.."
what=$1

# The stack script knows which processes it started; "stopped" or "elsewhere" is all that may be left.
if state=$(scripts/stack.sh status 2>/dev/null); then :; fi
if grep -qE 'running|not ready' <<<"${state:-}"; then
  echo "kronika still runs: stop it first with 'make down' (or Ctrl-C in the terminal of 'make run')." >&2
  exit 1
fi
if [ "$what" = data ]; then
  data=$(scripts/stack.sh data-dir 2>/dev/null || echo "$PWD/var/data")
  # Only a folder that a stack wrote, and never one with something else in it.
  if [ -d "$data" ] && [ -n "$(ls -A "$data")" ] && [ ! -d "$data/run" ]; then
    echo "clean: $data does not look like kronika's data (no folder 'run' in it) and is left alone." >&2
    exit 1
  fi
  rm -rf "$data"
  echo "clean: removed $data"
else
  rm -rf var build
  echo "clean: removed var and build"
fi
