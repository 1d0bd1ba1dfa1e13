#!/usr/bin/env bash
# Runs the fuzz targets (tests/fuzz), one after another, each for FUZZ_SECONDS (600). New inputs go to var/fuzz/<target>;
# what broke a promise is left there as crash-*, timeout-* or oom-*, and the exit code is 1.
#   scripts/fuzz.sh [TARGET...]      hl7v2 xml fhir native_json mllp event; default: all
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-600}
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(hl7v2 xml fhir native_json mllp event)

seeds_of() {
  case $1 in
    hl7v2) echo data/samples/hl7v2-dk data/samples/hl7v2 ;;
    xml) echo data/samples/medcom-xml ;;
    fhir) echo data/samples/medcom-hospitalnotification data/samples/medcom-homecareobservation data/samples/fhir-r4 data/samples/fhir-dk ;;
  esac
}

failed=0
for target in "${targets[@]}"; do
  program=build/fuzz/tests/fuzz_$target
  [ -x "$program" ] || { echo "fuzz: $program is not built: run 'make fuzz'" >&2; exit 2; }
  work=var/fuzz/$target
  mkdir -p "$work/corpus"
  log=$work/log
  dictionary=()
  [ -f "tests/fuzz/dictionaries/$target.dict" ] && dictionary=("-dict=tests/fuzz/dictionaries/$target.dict")
  # shellcheck disable=SC2046 # folders without blanks, one word each
  if "$program" -max_total_time="$seconds" -max_len=20000 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$work/" "${dictionary[@]}" "$work/corpus" "tests/fuzz/corpus/$target" $(seeds_of "$target") >"$log" 2>&1; then
    result="nothing found"
  else
    result="FOUND SOMETHING: $work"
    failed=1
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2 || true)
  printf '%-12s %5s s %12s runs  %6s edges  %s\n' "$target" "$seconds" "${runs:-?}" "${coverage:-?}" "$result"
done
exit $failed
