/** A database as many are: tables, keys, views, functions and types of its own, among them what the rules are about. */
export const SCHEMA = `
CREATE SCHEMA shop;
CREATE TYPE shop.state AS ENUM ('open', 'paid');
CREATE TYPE shop.pair AS (a int, b int);
CREATE TABLE shop.customers (id int PRIMARY KEY, name text NOT NULL DEFAULT 'nobody');
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int REFERENCES shop.customers, total numeric CHECK (total > 0), state shop.state);
CREATE TABLE shop.parent (id int, code text);
CREATE TABLE shop.secrets (id int PRIMARY KEY, code text);
ALTER TABLE shop.secrets INHERIT shop.parent;
CREATE TABLE shop.harmless (id int PRIMARY KEY, word text);
INSERT INTO shop.customers SELECT n, 'customer ' || n FROM generate_series(1, 3) n;
INSERT INTO shop.orders SELECT n, 1 + n % 3, n * 10, 'open' FROM generate_series(1, 5) n;
INSERT INTO shop.secrets SELECT n, 'secret ' || n FROM generate_series(1, 5) n;
INSERT INTO shop.harmless SELECT n, 'word ' || n FROM generate_series(1, 5) n;
CREATE VIEW shop.order_view AS SELECT id, total FROM shop.orders;
CREATE MATERIALIZED VIEW shop.totals AS SELECT sum(total) FROM shop.orders;
CREATE TABLE shop.vault (id int, code text) PARTITION BY LIST (id);
CREATE TABLE shop.vault_one PARTITION OF shop.vault FOR VALUES IN (1);
CREATE SEQUENCE shop.numbers;
CREATE FUNCTION shop.reveal() RETURNS SETOF text LANGUAGE sql AS 'SELECT code FROM shop.secrets';
CREATE FUNCTION shop.spring() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER spring BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring();
`
