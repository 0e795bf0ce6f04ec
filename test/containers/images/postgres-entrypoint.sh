#!/usr/bin/env bash
# What the entry point of Docker's PostgreSQL does with POSTGRES_PASSWORD_FILE, POSTGRES_DB and /docker-entrypoint-initdb.d.
set -euo pipefail
if [[ ! -s "$PGDATA/PG_VERSION" ]]; then
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" >/dev/null
  printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=''" start >/dev/null
  psql --username postgres --dbname postgres --set ON_ERROR_STOP=1 --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";' >/dev/null
  for file in /docker-entrypoint-initdb.d/*.sh; do . "$file"; done
  pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
fi
exec "$@" -c listen_addresses='*'
