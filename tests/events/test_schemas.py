"""What is published of the catalogue is what the code accepts."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from events.schemas import REFERENCE, files

_FILES = files()
_CHECK = """
const { Parser } = require('@asyncapi/parser');
const text = require('fs').readFileSync(process.argv[1], 'utf8');
new Parser().parse(text).then(({ document, diagnostics }) => {
  const errors = diagnostics.filter((d) => d.severity === 0);
  console.log(JSON.stringify(errors.slice(0, 5)));
  process.exit(document && errors.length === 0 ? 0 : 1);
});
"""


@pytest.fixture(scope="session")
def parser() -> tuple[str, Path]:
    """Node's path and a directory with AsyncAPI's own parser, kept between runs."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are needed to validate the AsyncAPI document")
    home = Path(tempfile.gettempdir()) / "agent-runtime-asyncapi-parser-3"
    if not (home / "node_modules" / "@asyncapi" / "parser").is_dir():
        home.mkdir(exist_ok=True)
        options = ["--no-audit", "--no-fund", "--silent", "--prefix", str(home)]
        done = subprocess.run([npm, "install", *options, "@asyncapi/parser@3"], check=False)
        if done.returncode != 0:
            pytest.skip("npm could not install @asyncapi/parser")
    return node, home


@pytest.mark.parametrize("name", _FILES)
def test_a_generated_file_is_current(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == _FILES[name]


def test_no_schema_is_left_of_a_type_that_is_gone() -> None:
    on_disk = {f"schemas/{path.name}" for path in (REFERENCE / "schemas").iterdir()}

    assert on_disk == {name for name in _FILES if name.startswith("schemas/")}


def test_the_asyncapi_document_is_valid(parser: tuple[str, Path]) -> None:
    node, home = parser
    command = [node, "-e", _CHECK, str(REFERENCE / "asyncapi.json")]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
