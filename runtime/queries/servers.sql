-- name: postgres
SELECT current_setting('server_version') AS version,
       pg_backend_pid() AS pid,
       (SELECT s.ssl FROM pg_stat_ssl AS s WHERE s.pid = pg_backend_pid()) AS tls,
       (SELECT coalesce(e.installed_version, 'available') FROM pg_available_extensions AS e
         WHERE e.name = 'vector') AS pgvector
