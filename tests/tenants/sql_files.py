"""Every named SQL statement of the project, and which of them bind a company."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from projections.statements import statements

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("projections", "consumers", "runtime")
_TABLE = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE|USING)\s+((?:\{table\}|(?:agent|core|projections|runtime)\.\w+))"
    r"(?:\s+AS\s+(\w+))?"
)
_JOINED = re.compile(r"USING\s*\(\s*company_id\b")


@dataclass(frozen=True, slots=True)
class Statement:
    """One of a file's statements. `sql` is without comments, `header` has them."""

    file: str
    name: str
    header: str
    sql: str

    @property
    def place(self) -> str:
        return f"{self.file}: {self.name}"

    @property
    def is_definition(self) -> bool:
        """Whether it makes a table or view, instead of asking one."""
        return re.match(r"CREATE (OR REPLACE )?(TABLE|VIEW)\b", self.sql) is not None

    def tables(self) -> frozenset[str]:
        """Tables and views that it touches."""
        return frozenset(found[1] for found in _TABLE.finditer(self.sql))

    def unbound(self, tenant_tables: frozenset[str]) -> list[str]:
        """Tenants' tables that it touches without saying whose rows it means."""
        return [
            found[1]
            for found in _TABLE.finditer(self.sql)
            if found[1] in tenant_tables and not self._binds(found)
        ]

    def _binds(self, found: re.Match[str]) -> bool:
        table, alias = found[1], found[2]
        if self._writes_companies(table):
            return True
        scope = _around(self.sql, found.start())
        if _JOINED.search(scope):
            return True
        column = "id" if table == "core.companies" else "company_id"
        name = rf"\b{alias}\.{column}\b" if alias else rf"(?<![.\w]){column}\b"
        compared = rf"{name}(::text)?(\s*=|,[^()]*\)\s*(=|IN\b))|=\s*{name}"
        return re.search(compared, scope) is not None

    def _writes_companies(self, table: str) -> bool:
        """Rows that are written carry their company, and meet only rows of the same company."""
        if f"INSERT INTO {table} " not in self.sql.replace("\n", " "):
            return False
        clash = re.search(r"ON CONFLICT \(([^)]*)\)", self.sql)
        return "company_id" in clash[1] if clash else "DO UPDATE" not in self.sql


def all_statements() -> Iterator[Statement]:
    """Of every `.sql` file but the migrations, which make tables and read none."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.sql")):
            if "migrations" in path.parts:
                continue
            file = str(path.relative_to(ROOT))
            named = statements(".".join(path.parent.relative_to(ROOT).parts), path.name)
            for name, body in named.items():
                lines = body.splitlines()
                header = "\n".join(line for line in lines if line.startswith("--"))
                sql = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
                yield Statement(file, name, header, sql.strip())


def _around(sql: str, at: int) -> str:
    """The query in whose parentheses a place stands, with what those inside it say."""
    depth, start = 0, at
    while start > 0 and depth >= 0:
        start -= 1
        depth += {")": 1, "(": -1}.get(sql[start], 0)
    depth, end = 0, at
    while end < len(sql) and depth >= 0:
        depth += {"(": 1, ")": -1}.get(sql[end], 0)
        end += 1
    return sql[start:end]
