import type { WrittenRule } from '../../parts/gateway-config.ts'
import { ALLOW_ALL } from '../../parts/gateway-config.ts'

/** Stands in shop.secrets and nowhere else: whoever sees it has read the table. */
export const MARKER = 'xyzzy-7f3a'
/** Rows of shop.orders, of which none may go. */
export const ORDERS = 40

/** What is forbidden: to delete from, or otherwise write, shop.orders; and to read shop.secrets. Everything else is allowed, DDL included. */
export const RULES: readonly WrittenRule[] = [
  ALLOW_ALL,
  {
    name: 'orders-stay',
    effect: 'deny',
    do: ['postgres.*'],
    when: 'sql.writes.exists(t, t == "shop.orders")',
    say: 'Leave the orders alone.',
  },
  {
    name: 'secrets-stay',
    effect: 'deny',
    do: ['postgres.*'],
    when: 'sql.reads.exists(t, t == "shop.secrets")',
    say: 'Leave the secrets alone.',
  },
]

/** Made by the owner, before anybody comes: with everything in it that SQL can be led astray by. */
export const SCHEMA = `
CREATE SCHEMA shop;
CREATE TABLE shop.customers (id int PRIMARY KEY, name text);
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int REFERENCES shop.customers ON DELETE CASCADE ON UPDATE CASCADE, total numeric, note text);
CREATE TABLE shop.secrets (id int PRIMARY KEY, code text);
CREATE TABLE shop.harmless (id int PRIMARY KEY, word text);
INSERT INTO shop.customers SELECT n, 'customer ' || n FROM generate_series(1, 10) n;
INSERT INTO shop.orders SELECT n, 1 + n % 10, n * 10, 'order ' || n FROM generate_series(1, ${ORDERS}) n;
INSERT INTO shop.secrets SELECT n, '${MARKER}-' || n FROM generate_series(1, 5) n;
INSERT INTO shop.harmless SELECT n, 'word ' || n FROM generate_series(1, 5) n;
CREATE VIEW shop.secret_view AS SELECT id, code FROM shop.secrets;
CREATE VIEW shop.secret_view_view AS SELECT upper(code) AS code FROM shop.secret_view;
CREATE VIEW shop.secret_join AS SELECT h.word, s.code FROM shop.harmless h JOIN shop.secrets s USING (id);
CREATE VIEW shop.order_view AS SELECT * FROM shop.orders;
CREATE VIEW shop.order_view_view AS SELECT * FROM shop.order_view;
CREATE MATERIALIZED VIEW shop.secret_copy AS SELECT code FROM shop.secrets;
CREATE TABLE shop.parent (id int, code text);
ALTER TABLE shop.secrets INHERIT shop.parent;
CREATE FUNCTION shop.reveal() RETURNS SETOF text LANGUAGE sql AS 'SELECT code FROM shop.secrets';
CREATE FUNCTION shop.reveal_one(int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN (SELECT code FROM shop.secrets WHERE id = $1); END';
CREATE FUNCTION shop.purge() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN 1; END';
CREATE FUNCTION shop.purge_if(int, int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders WHERE id = $1; RETURN true; END';
CREATE FUNCTION shop.run(text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'DECLARE said text; BEGIN EXECUTE $1 INTO said; RETURN said; END';
CREATE FUNCTION shop.word(shop.secrets) RETURNS text LANGUAGE sql AS 'SELECT $1.code';
CREATE PROCEDURE shop.purge_all() LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; COMMIT; END';
CREATE OPERATOR shop.<!> (LEFTARG = int, RIGHTARG = int, FUNCTION = shop.purge_if);
CREATE FUNCTION shop.step(text, text) RETURNS text LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN $1; END';
CREATE AGGREGATE shop.gather(text) (SFUNC = shop.step, STYPE = text, INITCOND = '''''');
CREATE FUNCTION shop.checks(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN true; END';
CREATE DOMAIN shop.checked AS text CHECK (shop.checks(VALUE));
CREATE TYPE shop.pair AS (a int, b int);
CREATE FUNCTION shop.to_pair(int) RETURNS shop.pair LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN ROW($1, $1)::shop.pair; END';
CREATE CAST (int AS shop.pair) WITH FUNCTION shop.to_pair(int);
CREATE TABLE shop.traps (id int);
CREATE FUNCTION shop.spring() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN NEW; END';
CREATE TRIGGER spring BEFORE INSERT ON shop.traps FOR EACH ROW EXECUTE FUNCTION shop.spring();
CREATE TABLE shop.ruled (id int);
CREATE RULE ruled AS ON INSERT TO shop.ruled DO ALSO DELETE FROM shop.orders WHERE id = NEW.id;
CREATE RULE ruled_away AS ON UPDATE TO shop.ruled DO INSTEAD DELETE FROM shop.orders;
CREATE TABLE shop.guarded (id int);
INSERT INTO shop.guarded VALUES (1);
ALTER TABLE shop.guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY peek ON shop.guarded USING (shop.checks('x'));
CREATE TABLE shop.defaulted (id int, word text DEFAULT shop.checks('x')::text);
CREATE TABLE shop.vault (id int, code text) PARTITION BY LIST (id);
CREATE TABLE shop.archive (id int, total numeric) PARTITION BY LIST (id);
CREATE SEQUENCE shop.numbers;
`
