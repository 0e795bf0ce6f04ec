-- Every command of psql that describes something, as people type them.
\set QUIET on
\pset pager off
\d
\d+
\dS pg_class
\d customers
\d+ customers
\d orders
\d+ orders
\d totals
\d+ totals
\d orders_by_customer
\d orders_id_seq
\da
\dA
\dA+
\dAc
\dAf
\dAo btree int*
\dAp
\db
\db+
\dc
\dC
\dC+
\dd
\dD
\dD+
\ddp
\dE
\des
\dew
\det
\df
\df+
\dfw
\dfS abs
\dF
\dF+ english
\dFd
\dFp
\dFt
\dg
\du
\du+
\di
\di+
\dl
\dL
\dL+
\dm
\dn
\dn+
\do = int4
\dO
\dp
\z customers
\dP
\dPt+
\drds
\dRp
\dRs
\ds
\dt
\dt+ public.*
\dtS pg_stat*
\dT
\dT+
\dv
\dv+
\dx
\dx+
\dX
\dy
\l
\l+
\sf warn
\sv totals
\conninfo
\encoding
\timing off
\copy (SELECT name FROM customers WHERE id < 4) TO STDOUT
\x on
SELECT * FROM customers WHERE id = 1 \gdesc
SELECT 'customers' AS name \gset
SELECT count(*) FROM :"name";
SELECT format('SELECT %s', n) FROM generate_series(1, 2) n \gexec
\set FETCH_COUNT 3
SELECT id FROM customers WHERE id < 8 ORDER BY id;
\set AUTOCOMMIT off
SELECT 1;
COMMIT;
\set ON_ERROR_ROLLBACK on
SELECT 2;
ROLLBACK;
