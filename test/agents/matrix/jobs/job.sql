\pset format unaligned
\pset tuples_only on
SELECT id, name, email FROM customers ORDER BY id;
\set who 2
SELECT name FROM customers WHERE id = :who;
TRUNCATE order_history;
BEGIN;
INSERT INTO reports VALUES ('thrown away');
ROLLBACK;
INSERT INTO reports VALUES ('kept');
\copy (SELECT text FROM reports) TO STDOUT
