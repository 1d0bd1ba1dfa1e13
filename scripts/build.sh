#!/usr/bin/env bash
# Configures and builds one preset:  scripts/build.sh PRESET all|programs JOBS
# "programs" leaves the tests out, so that what a newcomer waits for is short.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1 what=$2 jobs=$3
log=build/$preset.configure.log

mkdir -p build
tests=ON
if [ "$what" = programs ]; then tests=OFF; fi
if [ ! -f "build/$preset/build.ninja" ] || ! grep -q "^BUILD_TESTING:BOOL=$tests$" "build/$preset/CMakeCache.txt"; then
  echo "build: configuring $preset"
  cmake --preset "$preset" "-DBUILD_TESTING=$tests" >"$log" 2>&1 || {
    grep -A3 -m1 'CMake Error' "$log" >&2 || true
    echo "build: configuring failed: if a package is named above run 'make setup' (details: $log)" >&2
    exit 1
  }
fi
echo "build: $preset, $jobs at a time (the first build takes some minutes, later ones seconds)"
cmake --build --preset "$preset" -j "$jobs"
