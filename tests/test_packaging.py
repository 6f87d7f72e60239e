"""The wheel holds the whole program and nothing else, and its package names are ours alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("events", "projections", "consumers", "runtime")
_PROGRAM_FILES = {".py", ".sql", ".txt", ".typed", ".yaml"}


def _builders() -> list[list[str]]:
    """Commands that build an sdist and the wheel from it, the quick one first."""
    found = [shutil.which("uv"), shutil.which(ROOT / ".tools" / "bin" / "uv")]
    uv = [[program, "build", "--out-dir"] for program in found if program]
    return [*uv, [sys.executable, "-m", "build", "--outdir"]]


@pytest.fixture(scope="module")
def wheel_files(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    out = tmp_path_factory.mktemp("wheel")
    said = ""
    for command in _builders():
        built = subprocess.run(
            [*command, str(out)],
            cwd=ROOT,
            env={**os.environ, "UV_SYSTEM_CERTS": "true"},
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode == 0:
            (wheel,) = out.glob("*.whl")
            return set(zipfile.ZipFile(wheel).namelist())
        said += built.stdout + built.stderr
    if "hatchling" in said and ("onnect" in said or "No matching distribution" in said):
        pytest.skip(
            "hatchling, which builds the wheel, is not cached and cannot be fetched offline"
        )
    pytest.fail(said)


def _tracked() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *PACKAGES], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    names = listed.stdout.decode().split("\0")
    return {name for name in names if PurePosixPath(name).suffix in _PROGRAM_FILES}


def test_the_wheel_has_every_file_of_the_program(wheel_files: set[str]) -> None:
    tracked = {name for name in _tracked() if (ROOT / name).exists()}
    assert tracked, "the list of tracked files is empty"
    assert tracked - wheel_files == set()


def test_the_wheel_has_only_our_packages(wheel_files: set[str]) -> None:
    tops = {PurePosixPath(name).parts[0] for name in wheel_files}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_brings_a_package_of_our_name(package: str) -> None:
    # PyPI's `Events`, for one, installs a top-level `events` that would hide ours.
    assert set(packages_distributions().get(package, ["agent-runtime"])) == {"agent-runtime"}
