\set QUIET on
\pset pager off
\dn
\dt
\d customers
\d+ totals
\df warn
\du
\l
DISCARD ALL;
\echo psql :VERSION_NAME
