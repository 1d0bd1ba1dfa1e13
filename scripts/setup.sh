#!/usr/bin/env bash
# Installs what is missing: Debian packages of deploy/local/packages.txt, the local Kafka of deploy/local/kafka/pom.xml
# into var/kafka/lib, and for the section deploy the tools of `make check-deploy` into var/tools. Safe to call at any time;
# when nothing is missing it takes a second.
#   scripts/setup.sh [SECTION...]     sections of packages.txt; default: build run
set -euo pipefail
cd "$(dirname "$0")/.."

list=deploy/local/packages.txt
pom=deploy/local/kafka/pom.xml
kafka_lib=var/kafka/lib
log=var/log/setup.log
tools=var/tools
requirements=deploy/tools/requirements.txt
# Unpacked, not installed: as installed packages they would start two services on this machine.
unpacked=(prometheus prometheus-alertmanager)

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# The first Java of version 17 or newer; the same search is in scripts/stack.sh.
has_java() {
  command -v java >/dev/null || return 1
  local version
  version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1)
  [ "${version:-0}" -ge 17 ]
}

has_command() { if [ "$1" = java ]; then has_java; else command -v "$1" >/dev/null; fi; }

# Prints the packages of the sections given that are not installed.
missing_packages() {
  local wanted=" $* " section="" package unless command installed
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | sed -n 's/ installed$//p' | sort -u)
  while read -r package unless command _; do
    case $package in
      '' | '#'*) continue ;;
      '['*) section=${package#[}; section=${section%]}; continue ;;
    esac
    case $wanted in *" $section "*) ;; *) continue ;; esac
    grep -qxF -- "$package" <<<"$installed" && continue
    [ "$unless" = unless ] && has_command "$command" && continue
    echo "$package"
  done <"$list"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
  local -a missing
  mapfile -t missing < <(missing_packages "$@")
  if [ ${#missing[@]} -eq 0 ]; then
    say "Debian packages: all there"
    return
  fi
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    die "packages are missing and this user may not install them: run 'make setup' once as root, or install sudo. Missing: ${missing[*]}"
  fi
  say "Debian packages: installing ${#missing[@]} (${missing[*]}); a few minutes at most"
  local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300
    -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 -o Acquire::Retries=2)
  as_root "${apt[@]}" update >>"$log" 2>&1 || true # stale lists may still do; the install tells
  as_root "${apt[@]}" install --no-install-recommends "${missing[@]}" >>"$log" 2>&1 ||
    die "Debian's packages could not be installed: check the network and the package sources, then run 'make setup' again (details: $log)"
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -eq 0 ] || die "still missing after the installation: ${missing[*]} (details: $log)"
  say "Debian packages: done"
}

# Copied into a folder of its own first, so that an interrupted call leaves no half-filled class path.
install_kafka() {
  local wanted
  wanted=$(sha256sum <"$pom")
  if [ -f "$kafka_lib/.pom.sha256" ] && [ "$(cat "$kafka_lib/.pom.sha256")" = "$wanted" ]; then
    say "Kafka: all there"
    return
  fi
  local version
  version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$pom")
  say "Kafka $version: fetching from Maven Central (about 100 MB the first time)"
  local fresh=$PWD/var/kafka/lib.new
  rm -rf "$fresh"
  mvn -q -B -Dstyle.color=never -f "$pom" package "-DoutputDirectory=$fresh" >>"$log" 2>&1 ||
    die "Kafka could not be fetched from Maven Central: check the network (a proxy is set in ~/.m2/settings.xml), then run 'make setup' again (details: $log)"
  ls "$fresh"/kafka_2.13-*.jar >/dev/null 2>&1 || die "Maven ended well but left no Kafka in $fresh (details: $log)"
  echo "$wanted" >"$fresh/.pom.sha256"
  rm -rf "$kafka_lib"
  mv "$fresh" "$kafka_lib"
  say "Kafka $version: done"
}

# Prometheus, promtool and amtool out of Debian's packages, and a virtual environment with what is on PyPI.
install_tools() {
  local wanted
  wanted=$(cat "$requirements" <(printf '%s\n' "${unpacked[@]}") | sha256sum)
  if [ -f "$tools/.wanted" ] && [ "$(cat "$tools/.wanted")" = "$wanted" ]; then
    say "tools for deploy/: all there"
    return
  fi
  say "tools for deploy/: fetching into $tools (half a minute, 350 MB)"
  local fresh=$PWD/$tools
  rm -rf "$fresh"
  mkdir -p "$fresh/root"
  if ! (cd "$fresh" && apt-get -q download "${unpacked[@]}") >>"$log" 2>&1; then
    as_root apt-get -q update >>"$log" 2>&1 || true # lists may be missing or old
    (cd "$fresh" && apt-get -q download "${unpacked[@]}") >>"$log" 2>&1 ||
      die "Debian's packages ${unpacked[*]} could not be fetched: check the network and the package sources (details: $log)"
  fi
  local package
  for package in "$fresh"/*.deb; do dpkg-deb -x "$package" "$fresh/root"; done
  rm -f "$fresh"/*.deb
  { /usr/bin/python3 -m venv "$fresh/venv" && "$fresh/venv/bin/pip" -q --disable-pip-version-check install -r "$requirements"; } >>"$log" 2>&1 ||
    die "the Python packages of $requirements could not be installed: check the network, then run 'scripts/setup.sh deploy' again (details: $log)"
  echo "$wanted" >"$tools/.wanted"
  say "tools for deploy/: done"
}

# A virtual environment of its own: nothing is installed beside the system's Python.
install_python() {
  local requirements=deploy/local/python/requirements.txt wanted
  wanted=$(sha256sum <"$requirements")
  if [ -f var/python/.requirements.sha256 ] && [ "$(cat var/python/.requirements.sha256)" = "$wanted" ]; then
    say "Python packages: all there"
    return
  fi
  say "Python packages: fetching (less than 1 MB)"
  rm -rf var/python
  /usr/bin/python3 -m venv var/python >>"$log" 2>&1 && var/python/bin/pip --quiet --disable-pip-version-check install \
    --requirement "$requirements" >>"$log" 2>&1 ||
    die "the Python packages could not be fetched: check the network, then run 'make setup' again (details: $log)"
  echo "$wanted" >var/python/.requirements.sha256
  say "Python packages: done"
}

main() {
  local -a sections=("$@")
  [ ${#sections[@]} -gt 0 ] || sections=(build run)
  command -v apt-get >/dev/null || die "this needs Debian 12 (apt-get is missing); elsewhere install the counterparts of $list by hand"
  mkdir -p var/log var/kafka
  install_packages "${sections[@]}"
  case " ${sections[*]} " in *" run "*) install_kafka ;; esac
  case " ${sections[*]} " in *" build "*) install_python ;; esac
  case " ${sections[*]} " in *" deploy "*) install_tools ;; esac
}

main "$@"
