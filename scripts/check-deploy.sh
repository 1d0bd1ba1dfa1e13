#!/usr/bin/env bash
# All checks of deploy/ that need neither a cluster nor a running kronika; fetches their tools where they are missing.
#   scripts/check-deploy.sh [--self | NAME...]     see deploy/tools/check.py
#   scripts/check-deploy.sh --live                 a real Prometheus on a real stack: deploy/tools/live_test.py
#   scripts/check-deploy.sh --secured              TLS, client certificates and rights on a broker: deploy/tools/secured_test.py
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh deploy
test=check.py
case ${1:-} in
  --live) test=live_test.py ;;
  --secured) test=secured_test.py ;;
esac
exec var/tools/venv/bin/python "deploy/tools/$test" "$@"
