#!/usr/bin/env bash
# All checks of deploy/ that need neither a cluster nor a running kronika; fetches their tools where they are missing.
#   scripts/check-deploy.sh [--self | NAME...]     see deploy/tools/check.py
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh deploy
exec var/tools/venv/bin/python deploy/tools/check.py "$@"
