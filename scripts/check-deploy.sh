#!/usr/bin/env bash
# All checks of deploy/ that need neither a cluster nor a running kronika; fetches their tools where they are missing.
#   scripts/check-deploy.sh [--self | NAME...]     see deploy/tools/check.py
#   scripts/check-deploy.sh --live                 a real Prometheus on a real stack: deploy/tools/live_test.py
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh deploy
test=check.py
if [ "${1:-}" = --live ]; then test=live_test.py; fi
exec var/tools/venv/bin/python "deploy/tools/$test" "$@"
