#!/usr/bin/env bash
# make bench: runs the benchmarks of bench/ on a broker of their own and prints a table and JSON. Arguments are handed on.
set -euo pipefail
cd "$(dirname "$0")/.."
export KRONIKA_HOME=${KRONIKA_HOME:-$PWD}
program=build/release/bin/kronika-bench
[ -x "$program" ] || {
  echo "bench: $program is not built: run 'make build' first." >&2
  exit 1
}
exec "$program" "$@"
