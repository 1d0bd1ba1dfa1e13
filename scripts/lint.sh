#!/usr/bin/env bash
# Checks the format of all C++ files, and runs clang-tidy on those that differ from BASE (default: main, else the last
# commit).  scripts/lint.sh [--all]: tidy over every file, which takes long.
set -euo pipefail
cd "$(dirname "$0")/.."

faults=0
mapfile -t files < <(git ls-files '*.h' '*.cc')
if ! clang-format-19 --dry-run -Werror "${files[@]}"; then
  echo "lint: run 'make format'" >&2
  faults=1
fi

[ -f build/dev/compile_commands.json ] || cmake --preset dev >/dev/null
if [ "${1:-}" = --all ]; then
  mapfile -t changed < <(git ls-files '*.cc')
else
  base=${BASE:-$(git merge-base HEAD main 2>/dev/null || echo HEAD)}
  if [ "$base" = "$(git rev-parse HEAD)" ] && git diff --quiet HEAD; then base=HEAD~1; fi
  mapfile -t changed < <(git diff --name-only --diff-filter=d "$base" -- '*.cc')
fi
# A file that no target of this build compiles has no command line; tests/tidy finds those.
mapfile -t known < <(for f in "${changed[@]}"; do grep -qF "\"$PWD/$f\"" build/dev/compile_commands.json && echo "$f"; done)
echo "lint: clang-tidy on ${#known[@]} files"
if [ ${#known[@]} -gt 0 ]; then
  printf '%s\0' "${known[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p build/dev || faults=1
fi
exit $faults
