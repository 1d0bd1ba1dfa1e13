#!/usr/bin/env bash
# make bench: runs the benchmarks of bench/ on a broker of their own and prints a table and JSON. Arguments are handed on.
set -euo pipefail
cd "$(dirname "$0")/.."
exec bench/run.py "$@"
