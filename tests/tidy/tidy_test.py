#!/usr/bin/env python3
"""Style that a machine can hold: layering, dead files, leftovers. Prints one line a finding; exit 1 if there is one.

  tests/tidy/tidy_test.py            checks the tree
  tests/tidy/tidy_test.py --self     checks that the checks themselves can fail
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Which kronika/<library>/ headers a library may include (docs/architecture.md, section 3).
MAY_INCLUDE = {
    "base": set(),
    "domain": {"base"},
    "store": {"base"},
    "config": {"base"},
    "telemetry": {"base"},
    "bus": {"base", "store"},
    "refdata": {"base", "domain"},
    "codec": {"base", "domain", "refdata"},
    "busmetrics": {"base", "bus", "store", "telemetry"},
    "health": {"base", "telemetry"},
    "canary": {"base", "bus", "busmetrics", "codec", "domain", "telemetry"},
}
# Third-party headers, and the only libraries whose sources may show them. Debian keeps them all in one folder, so the
# compiler cannot hold this.
ONLY_IN = {
    r"librdkafka/": {"bus"},
    r"rocksdb/": {"store"},
    r"prometheus/": {"telemetry"},
    r"nlohmann/": {"codec", "config", "refdata", "bus"},  # bus: the client's statistics
    r"(simdjson|yaml-cpp/|google/protobuf/)": {"codec", "config", "refdata"},
    r"openssl/": {"codec", "config", "refdata", "telemetry"},  # telemetry: the metrics page over TLS
    r"pugixml": {"codec"},
    r"boost/": set(),
    r"(grpcpp|grpc)/": {"health"},
}
LEFTOVER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
INCLUDE = re.compile(r'^\s*#include\s+[<"]([^>"]+)[>"]')


def layering(path, text):
    """Findings of one file below libs/<library>/; tests may include what they like of kronika."""
    parts = path.parts
    if parts[0] != "libs" or "tests" in parts:
        return
    library = parts[1]
    for number, line in enumerate(text.splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        header = found.group(1)
        inner = re.match(r"kronika/(\w+)/", header)
        if inner and inner.group(1) != library and inner.group(1) not in MAY_INCLUDE.get(library, set()):
            if not (header.endswith(".pb.h") and library == "codec"):
                yield f"{path}:{number}: {library} may not include {header}"
        for pattern, libraries in ONLY_IN.items():
            if re.match(pattern, header) and (library not in libraries or "include" in parts):
                yield f"{path}:{number}: {header} may not be included here; keep it in src/ of {sorted(libraries) or 'the roots'}"


def leftovers(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if LEFTOVER.search(line):
            yield f"{path}:{number}: leftover: {line.strip()[:80]}"


def error_codes(log_source):
    return set(re.findall(r'"([A-Z_]+)"', re.search(r"kErrorCodes\[\] = \{(.*?)\};", log_source, re.S)[1]))


def uncounted_errors(path, text, log_source):
    """An error that is logged begins at 0 in kronika_log_messages_total: libs/telemetry/src/log.cc knows its code."""
    for code in re.findall(r'log::error\(\s*"([A-Z_]+)"', text):
        if code not in error_codes(log_source):
            yield f"{path}: the code {code} is logged as an error and not in kErrorCodes of libs/telemetry/src/log.cc"


def unlogged_errors(all_sources, log_source):
    for code in error_codes(log_source):
        if all_sources.count(f'"{code}"') < 2:  # the list itself is one
            yield f"libs/telemetry/src/log.cc: nobody logs the error {code}"


def dead_sources(sources, cmake_text):
    for path in sources:
        # A foreach over test names spells a file without its ending.
        if path.name not in cmake_text and not re.search(rf"\b{path.stem.removesuffix('_test')}\b", cmake_text):
            yield f"{path}: no CMakeLists.txt names it"


def tracked():
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [pathlib.Path(name) for name in names if name and (ROOT / name).is_file()]


def check_tree():
    files = tracked()
    code = [p for p in files if p.suffix in {".cc", ".h", ".proto", ".py", ".sh"} or p.name == "CMakeLists.txt"]
    cmake_text = "\n".join((ROOT / p).read_text() for p in files if p.name == "CMakeLists.txt")
    log_source = (ROOT / "libs/telemetry/src/log.cc").read_text()
    all_sources = "".join((ROOT / p).read_text() for p in files if p.suffix == ".cc" and "tests" not in p.parts)
    findings = list(unlogged_errors(all_sources, log_source))
    findings += list(dead_sources([p for p in files if p.suffix == ".cc"], cmake_text))
    for path in code:
        text = (ROOT / path).read_text()
        findings += layering(path, text)
        findings += leftovers(path, text)
        if path.suffix == ".cc" and "tests" not in path.parts:
            findings += uncounted_errors(path, text, log_source)
    return findings


def check_self():
    planted = pathlib.Path("libs/domain/src/x.cc")
    bad = "#include <kronika/bus/task.h>\n#include <rocksdb/db.h>\n// TO" + "DO later\n"
    expected = 5
    log_source = 'kErrorCodes[] = {"KNOWN"};'
    found = list(layering(planted, bad)) + list(leftovers(planted, bad))
    found += uncounted_errors(planted, 'log::error("KNOWN", ""); log::error(\n    "ODD", "");', log_source)
    found += unlogged_errors(log_source, log_source)
    dead = list(dead_sources([planted], "y.cc"))
    if len(found) != expected or len(dead) != 1:
        return [f"the checks missed a planted fault: {found} {dead}"]
    return []


if __name__ == "__main__":
    result = check_self() if "--self" in sys.argv else check_tree()
    print("\n".join(result) if result else "nothing found")
    sys.exit(1 if result else 0)
