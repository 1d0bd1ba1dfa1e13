"""Checks of deploy/container without building the image."""

import os
import re
import subprocess

from .common import ROOT, command, run

FILE = ROOT / "deploy/container/Containerfile"
IGNORE = ROOT / ".containerignore"
PACKAGES = ROOT / "deploy/local/packages.txt"


def check_lint():
    yield from command(["hadolint", str(FILE)])


def check_form(text=None, ignore=None):
    text = text if text is not None else FILE.read_text()
    ignore = (ignore if ignore is not None else IGNORE.read_text()).splitlines()
    run_stage = text.rpartition("\nFROM ")[2]
    users = re.findall(r"(?m)^USER (.*)$", run_stage)
    if users != ["65532:65532"]:
        yield f"Containerfile: runs as {users}, not as 65532:65532"
    if not re.search(r'(?m)^ENTRYPOINT \["', run_stage):
        yield "Containerfile: the entry point is no exec form, so signals end at a shell"
    if not re.search(r"(?m)^STOPSIGNAL SIGTERM$", run_stage):
        yield "Containerfile: no STOPSIGNAL SIGTERM"
    if re.search(r"(?m)^ADD ", text):
        yield "Containerfile: ADD fetches and unpacks; COPY says what it does"
    if "perm /6000" not in run_stage:
        yield "Containerfile: setuid programs stay"
    for base in re.findall(r"(?m)^FROM (\S+)", text):
        if base != "${BASE}":
            yield f"Containerfile: {base} is not the base that both stages share"
    for label in ("revision", "version", "created", "title"):
        if f"org.opencontainers.image.{label}=" not in run_stage:
            yield f"Containerfile: no label {label}"
    # var/ holds secrets of a developer's machine, .git all that was ever written
    for folder in ("var", ".git", "build"):
        if folder not in ignore:
            yield f".containerignore: {folder} would be copied into the build"


def listed(section):
    out, here = set(), False
    for line in PACKAGES.read_text().splitlines():
        if line.startswith("["):
            here = line == f"[{section}]"
        elif here and line and not line.startswith("#"):
            out.add(line.split()[0])
    return out


def packages_of(programs):
    """Debian packages of the shared libraries that these programs name, those of every Debian left out."""
    libraries = set()
    for program in programs:
        said = subprocess.run(["objdump", "-p", str(program)], capture_output=True, text=True, check=True).stdout
        libraries |= set(re.findall(r"NEEDED\s+(\S+)", said))
    places = dict(re.findall(r"(?m)^\s*(\S+) \(.*(?:x86-64|AArch64).*\) => (\S+)$", subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout))
    out = set()
    for library in libraries - {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}:
        place = os.path.realpath(places.get(library, library))
        done = run(["dpkg", "-S", place])
        owner = done.stdout.partition(":")[0] or run(["dpkg", "-S", place.removeprefix("/usr")]).stdout.partition(":")[0]
        out.add(owner or f"(nobody: {library})")
    return out - {"libc6", "libgcc-s1"}


def check_packages():
    """The image holds the libraries that the programs link, and no other. Only where programs have been built."""
    for preset in ("release", "dev"):
        programs = [p for p in (ROOT / f"build/{preset}/bin").glob("kronika*") if not p.name.startswith("kronika-bench")]
        if programs:
            break
    else:
        return
    linked, have = packages_of(programs), listed("container") - {"ca-certificates"}
    for package in sorted(linked - have):
        yield f"packages.txt [container]: {package} is missing, a program is linked to it"
    for package in sorted(have - linked):
        yield f"packages.txt [container]: no program is linked to {package}"
