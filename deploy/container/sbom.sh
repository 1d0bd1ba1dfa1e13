#!/usr/bin/env bash
# Lists the parts of a root filesystem: sbom.sh ROOT FOLDER writes FOLDER/kronika.spdx.json and FOLDER/kronika.cdx.json.
set -euo pipefail
root=$1 folder=$2
tools=$(cd "$(dirname "$0")/../.." && pwd)/var/tools/venv/bin
mkdir -p "$folder"
SYFT_CHECK_FOR_APP_UPDATE=false "$tools/syft" -q scan "dir:$root" --source-name kronika \
  -o "spdx-json=$folder/kronika.spdx.json" -o "cyclonedx-json=$folder/kronika.cdx.json"
