"""Connections to Postgres that hold no session state, directly or through a transaction pooler.

Behind PgBouncer or Supavisor in transaction mode each transaction may have another server
connection. So nothing is set but by `SET LOCAL`, locked but by `pg_advisory_xact_lock`, listened
to, or prepared under a name. asyncpg's unnamed statements are safe: between Parse and Bind it sends
Flush and not Sync, so the pooler does not part them.

Source: https://www.pgbouncer.org/features.html (SQL feature map for pooling modes)
"""

from __future__ import annotations

import ssl

import asyncpg

from projections.statements import statements

_SQL = statements("runtime", "postgres_connection.sql")
_ARRAYS = 13


class CertificateRefused(OSError):
    """The server's certificate is not what the URL asks for; the text says in what."""


class StatelessConnection(asyncpg.Connection):
    """A connection that needs no reset between its users, which saves a round trip each time."""

    __slots__ = ()

    def get_reset_query(self) -> str:
        """Nothing; an open transaction is rolled back by asyncpg itself."""
        return ""


async def connect(dsn: str, *, timeout_s: float = 5.0) -> asyncpg.Connection:
    """One connection that works with a pooler and without; who makes it closes it.

    Raises:
        CertificateRefused: besides what asyncpg raises.
    """
    try:
        conn = await asyncpg.connect(
            dsn,
            timeout=timeout_s,
            statement_cache_size=0,
            connection_class=StatelessConnection,
            server_settings={"application_name": "agent-runtime"},
        )
    except ssl.SSLCertVerificationError as error:
        raise CertificateRefused(
            f"the Postgres server's certificate was refused: {error.verify_message}; "
            "look at the host, sslmode and sslrootcert of SUPABASE_DB_URL"
        ) from error
    return conn


async def know_arrays(conn: asyncpg.Connection, *, timeout_s: float = 5.0) -> None:
    """Let a new connection look up all array types that statements use, at once.

    Else it stops for each of them at the first statement that uses it, in the middle of somebody's
    turn: planning that look into the catalogue takes longer than all of the turn's own statements.
    """
    await conn.fetchrow(_SQL["arrays"], *[None] * _ARRAYS, timeout=timeout_s)
