"""What the checks share: where things lie, and running a tool. A check is a generator of findings, one line each."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOOLS = pathlib.Path(os.environ.get("KRONIKA_TOOLS", ROOT / "var/tools"))


def environment():
    """Tools unpacked by scripts/setup.sh come first, then those of the machine. None of them may call home."""
    path = os.pathsep.join([str(TOOLS / "venv/bin"), str(TOOLS / "root/usr/bin"), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"}


def run(arguments, **options):
    return subprocess.run(arguments, capture_output=True, text=True, env=environment(), cwd=ROOT, **options)


def command(arguments):
    """Runs a tool; what it says is a finding if it fails."""
    try:
        done = run(arguments)
    except FileNotFoundError:
        yield f"{arguments[0]} is missing: run scripts/setup.sh deploy"
        return
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        yield f"{' '.join(arguments[:4])} ... ended with {done.returncode}:\n{said}"
