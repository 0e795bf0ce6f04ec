-- psql over the simple and the extended protocol, its introspection, COPY both ways, errors, cursors, large results.
\set ON_ERROR_STOP 0
\pset pager off
SELECT 1 AS one \; SELECT 2 AS two;
;
SELECT * FROM customers WHERE id < 4;
SELECT 1/0;
SELEC;
SELECT warn('from psql');
\d
\d customers
\d+ orders
\dt *.*
\dn
\df warn
\dT
\du
\l
\sf warn
\x
SELECT * FROM customers WHERE id = 5;
\x
BEGIN;
DECLARE walk CURSOR FOR SELECT id, name FROM customers ORDER BY id;
FETCH 3 FROM walk;
MOVE 5 IN walk;
FETCH NEXT FROM walk;
CLOSE walk;
SAVEPOINT a;
INSERT INTO customers (name, email) VALUES ('no at', 'nothing');
SELECT 'refused in a failed transaction';
ROLLBACK TO a;
COMMIT;
COPY staging.lines FROM STDIN;
1	one
2	two
\.
COPY staging.lines FROM STDIN;
not a number	x
\.
COPY staging.lines TO STDOUT;
COPY (SELECT id, email FROM customers ORDER BY id LIMIT 5) TO STDOUT WITH (FORMAT csv, HEADER);
COPY (SELECT id FROM customers ORDER BY id LIMIT 2) TO STDOUT WITH (FORMAT csv) \; SELECT 'after a copy';
\copy staging.lines to '/dev/null'
PREPARE p (int) AS SELECT name FROM customers WHERE id = $1;
EXECUTE p (3);
EXECUTE p ('x');
DEALLOCATE p;
\set FETCH_COUNT 100
SELECT g FROM generate_series(1, 350) AS g;
\unset FETCH_COUNT
SELECT id, name FROM customers LIMIT 2 \gdesc
SELECT 'SELECT ' || g FROM generate_series(1, 3) AS g \gexec
SET client_min_messages = debug1;
RESET ALL;
DISCARD ALL;
DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'P0042', MESSAGE = 'own error', DETAIL = 'detail', HINT = 'hint', TABLE = 't', COLUMN = 'c'; END $$;
\errverbose
SET DateStyle = 'German';
SELECT born FROM customers WHERE id = 1;
SELECT g, repeat('z', 200) FROM generate_series(1, 20000) AS g \g /dev/null
LISTEN news;
NOTIFY news, 'to myself';
SELECT 'done';
