import { SHOP_ROLE } from '../../parts/shop.ts'
import { MARKER } from './marker.ts'

/** Rows of shop.orders, of which none may go. */
const ORDERS = 40

/** By the superuser, once for the whole server: what the role may do besides owning everything, as roles that may do too much are common. */
export const CLUSTER = `
GRANT pg_read_server_files, pg_write_server_files, pg_execute_server_program TO ${SHOP_ROLE};
CREATE ROLE helper_role;
GRANT helper_role TO ${SHOP_ROLE};
`

/** By the superuser, in the database that all others are copies of. */
export const DATABASE = `
CREATE SCHEMA ext;
GRANT USAGE ON SCHEMA ext TO PUBLIC;
${'dblink postgres_fdw file_fdw tablefunc xml2 refint tsm_system_rows pageinspect'
  .split(' ')
  .map((name) => `CREATE EXTENSION ${name} SCHEMA ext;`)
  .join('\n')}
GRANT EXECUTE ON FUNCTION ext.dblink_connect_u(text, text) TO ${SHOP_ROLE};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ext TO ${SHOP_ROLE};
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text), pg_catalog.pg_read_binary_file(text), pg_catalog.pg_ls_dir(text),
  pg_catalog.lo_import(text), pg_catalog.lo_import(text, oid), pg_catalog.lo_export(oid, text) TO ${SHOP_ROLE};
CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1', dbname 'nothing');
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE USER MAPPING FOR postgres SERVER loop OPTIONS (user 'postgres');
CREATE USER MAPPING FOR ${SHOP_ROLE} SERVER loop OPTIONS (user 'postgres', password_required 'false');
GRANT USAGE ON FOREIGN SERVER loop, files TO ${SHOP_ROLE};
`

/** By the superuser, in a copy: the server that it leads back to is itself. */
export const ofDatabase = (database: string, port: number) => `ALTER SERVER loop OPTIONS (SET port '${port}', SET dbname '${database}')`

const PURGE = 'DELETE FROM shop.orders'
/** Operators of a name in a schema of their own, each of which purges. */
const operators = ['=', '<>', '<', '>', '<=', '>=', '~~', '~~*', '!~~', '~']
  .map((name) => `CREATE OPERATOR ops.${name} (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = ops.boom);`)
  .join('\n')

/** Made by the owner, before anybody comes: with everything in it that SQL can be led astray by. */
export const SCHEMA = `
CREATE SCHEMA shop;
CREATE TYPE shop.state AS ENUM ('open', 'paid');
CREATE TABLE shop.regions (id int PRIMARY KEY);
CREATE TABLE shop.customers (id int PRIMARY KEY, name text, region int REFERENCES shop.regions ON DELETE CASCADE);
CREATE TABLE shop.plans (n int, code int GENERATED ALWAYS AS (n + 1000) STORED UNIQUE);
CREATE TABLE shop.people (key int, title text);
CREATE TABLE shop.accounts (PRIMARY KEY (key)) INHERITS (shop.people);
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int REFERENCES shop.customers ON DELETE CASCADE ON UPDATE CASCADE, total numeric, note text,
  plan int REFERENCES shop.plans (code) ON DELETE SET NULL ON UPDATE CASCADE,
  account int DEFAULT 1 REFERENCES shop.accounts ON DELETE SET DEFAULT ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED, state shop.state);
CREATE TABLE shop.ledger (id int NOT NULL, total numeric);
ALTER TABLE shop.orders INHERIT shop.ledger;
CREATE TABLE shop.secrets (id int PRIMARY KEY, code text);
CREATE TABLE shop.harmless (id int PRIMARY KEY, word text);
CREATE TABLE shop.loose (id int, word text);
INSERT INTO shop.regions VALUES (1), (2);
INSERT INTO shop.customers SELECT n, 'customer ' || n, 1 + n % 2 FROM generate_series(1, 10) n;
INSERT INTO shop.plans SELECT n FROM generate_series(1, 3) n;
INSERT INTO shop.accounts SELECT n, 'account ' || n FROM generate_series(1, 3) n;
INSERT INTO shop.orders SELECT n, 1 + n % 10, n * 10, 'order ' || n, 1001 + n % 3, 2 + n % 2, 'open' FROM generate_series(1, ${ORDERS}) n;
INSERT INTO shop.secrets SELECT n, '${MARKER}-' || n FROM generate_series(1, 5) n;
INSERT INTO shop.loose SELECT n, 'word ' || n FROM generate_series(1, 5) n;
INSERT INTO shop.harmless SELECT n, 'word ' || n FROM generate_series(1, 5) n;
CREATE VIEW shop.secret_view AS SELECT id, code FROM shop.secrets;
CREATE VIEW shop.secret_view_view AS SELECT upper(code) AS code FROM shop.secret_view;
CREATE VIEW shop.secret_join AS SELECT h.word, s.code FROM shop.harmless h JOIN shop.secrets s USING (id);
CREATE VIEW shop.secret_barrier WITH (security_barrier, security_invoker) AS SELECT * FROM shop.secrets;
CREATE VIEW shop.order_view AS SELECT * FROM shop.orders;
CREATE VIEW shop.order_view_view AS SELECT * FROM shop.order_view;
CREATE VIEW shop.customer_view AS SELECT id AS key, name AS title FROM shop.customers WITH CASCADED CHECK OPTION;
CREATE VIEW shop.ledger_view AS SELECT id AS entry, total AS amount FROM shop.ledger;
CREATE MATERIALIZED VIEW shop.secret_copy AS SELECT code FROM shop.secrets;
CREATE TABLE shop.parent (id int, code text);
ALTER TABLE shop.secrets INHERIT shop.parent;
CREATE FUNCTION shop.reveal() RETURNS SETOF text LANGUAGE sql AS 'SELECT code FROM shop.secrets';
CREATE FUNCTION shop.reveal_one(int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN (SELECT code FROM shop.secrets WHERE id = $1); END';
CREATE FUNCTION shop.purge() RETURNS int LANGUAGE plpgsql AS 'BEGIN ${PURGE}; RETURN 1; END';
CREATE FUNCTION shop.purge_if(int, int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN ${PURGE} WHERE id = $1; RETURN true; END';
CREATE FUNCTION shop.purge_row(shop.harmless) RETURNS int LANGUAGE plpgsql AS 'BEGIN ${PURGE}; RETURN 1; END';
CREATE FUNCTION shop.run(text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'DECLARE said text; BEGIN EXECUTE $1 INTO said; RETURN said; END';
CREATE FUNCTION shop.word(shop.secrets) RETURNS text LANGUAGE sql AS 'SELECT $1.code';
CREATE FUNCTION shop.opened() RETURNS refcursor LANGUAGE plpgsql AS 'DECLARE c refcursor := ''opened''; BEGIN OPEN c FOR SELECT code FROM shop.secrets; RETURN c; END';
CREATE PROCEDURE shop.purge_all() LANGUAGE plpgsql AS 'BEGIN ${PURGE}; COMMIT; END';
CREATE PROCEDURE shop.reveal_out(OUT code text) LANGUAGE plpgsql AS 'BEGIN code := (SELECT s.code FROM shop.secrets s LIMIT 1); END';
CREATE OPERATOR shop.<!> (LEFTARG = int, RIGHTARG = int, FUNCTION = shop.purge_if);
CREATE FUNCTION shop.step(text, text) RETURNS text LANGUAGE plpgsql AS 'BEGIN ${PURGE}; RETURN $1; END';
CREATE AGGREGATE shop.gather(text) (SFUNC = shop.step, STYPE = text, INITCOND = '''''');
CREATE AGGREGATE shop.rewrite(text) (SFUNC = ts_rewrite, STYPE = tsquery, INITCOND = 'a');
CREATE FUNCTION shop.checks(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN ${PURGE}; RETURN true; END';
CREATE TABLE shop.traps (id int);
CREATE FUNCTION shop.spring() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ${PURGE}; RETURN NEW; END';
CREATE TRIGGER spring BEFORE INSERT ON shop.traps FOR EACH ROW EXECUTE FUNCTION shop.spring();
CREATE TABLE shop.late (id int);
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON shop.late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shop.spring();
CREATE TABLE shop.updated (id int);
INSERT INTO shop.updated VALUES (1);
CREATE TRIGGER updated AFTER UPDATE OF id ON shop.updated FOR EACH STATEMENT EXECUTE FUNCTION shop.spring();
CREATE TABLE shop.emptied (id int);
CREATE TRIGGER emptied AFTER TRUNCATE ON shop.emptied FOR EACH STATEMENT EXECUTE FUNCTION shop.spring();
CREATE VIEW shop.window AS SELECT id FROM shop.harmless;
CREATE TRIGGER instead INSTEAD OF DELETE ON shop.window FOR EACH ROW EXECUTE FUNCTION shop.spring();
CREATE TABLE shop.ruled (id int);
INSERT INTO shop.ruled VALUES (1);
CREATE RULE ruled AS ON INSERT TO shop.ruled DO ALSO ${PURGE} WHERE id = NEW.id;
CREATE RULE ruled_away AS ON UPDATE TO shop.ruled DO INSTEAD ${PURGE};
CREATE TABLE shop.guarded (id int);
INSERT INTO shop.guarded VALUES (1);
ALTER TABLE shop.guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY peek ON shop.guarded USING (shop.checks('x'));
CREATE TABLE shop.nosy (id int);
INSERT INTO shop.nosy VALUES (1);
ALTER TABLE shop.nosy ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY peek ON shop.nosy USING (id < (SELECT max(code)::int FROM shop.secrets));
CREATE TABLE shop.defaulted (id int, word text DEFAULT shop.checks('x')::text);
CREATE TABLE shop.generated (id int, word text GENERATED ALWAYS AS (shop.reveal_one(id)) STORED);
CREATE TABLE shop.constrained (id int CHECK (shop.purge_if(id, id)));
CREATE TABLE shop.vault (id int, code text) PARTITION BY LIST (id);
CREATE TABLE shop.vault_one PARTITION OF shop.vault FOR VALUES IN (1);
CREATE TABLE shop.vault_two PARTITION OF shop.vault FOR VALUES IN (2);
INSERT INTO shop.vault VALUES (1, 'one'), (2, 'two');
CREATE TABLE shop.archive (id int, total numeric) PARTITION BY LIST (id);
CREATE SEQUENCE shop.numbers;
CREATE SCHEMA decoy;
CREATE TABLE decoy.orders AS SELECT * FROM shop.orders;
CREATE TABLE decoy.secrets (id int, code text);
CREATE SCHEMA ops;
CREATE FUNCTION ops.boom(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN ${PURGE}; RETURN true; END';
CREATE FUNCTION ops.upper(varchar) RETURNS text LANGUAGE plpgsql AS 'BEGIN ${PURGE}; RETURN $1; END';
CREATE FUNCTION ops.joined(varchar, varchar) RETURNS text LANGUAGE plpgsql AS 'BEGIN ${PURGE}; RETURN $1; END';
CREATE OPERATOR ops.|| (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = ops.joined);
${operators}
CREATE FOREIGN TABLE shop.remote (id int, code text) SERVER loop OPTIONS (schema_name 'shop', table_name 'secrets');
`

/** Types with code behind them: where there are any, much is opaque that else is not, so they are there only for attempts about them. */
export const TYPES = `
CREATE DOMAIN shop.checked AS text CHECK (shop.checks(VALUE));
CREATE DOMAIN shop.checked_twice AS shop.checked;
CREATE TYPE shop.wrapped AS (word shop.checked);
CREATE TYPE shop.pair AS (a int, b int);
CREATE FUNCTION shop.to_pair(int) RETURNS shop.pair LANGUAGE plpgsql AS 'BEGIN ${PURGE}; RETURN ROW($1, $1)::shop.pair; END';
CREATE CAST (int AS shop.pair) WITH FUNCTION shop.to_pair(int) AS ASSIGNMENT;
CREATE FUNCTION shop.pair_to_text(shop.pair) RETURNS text LANGUAGE plpgsql AS 'BEGIN ${PURGE}; RETURN ''pair''; END';
CREATE CAST (shop.pair AS text) WITH FUNCTION shop.pair_to_text(shop.pair) AS IMPLICIT;
CREATE TYPE shop.mood AS ENUM ('sad');
CREATE FUNCTION shop.mood_to_json(shop.mood) RETURNS json LANGUAGE plpgsql AS 'BEGIN ${PURGE}; RETURN ''1''; END';
CREATE CAST (shop.mood AS json) WITH FUNCTION shop.mood_to_json(shop.mood);
CREATE TABLE shop.moods (m shop.mood);
INSERT INTO shop.moods VALUES ('sad');
CREATE TABLE shop.pairs (id int, p shop.pair);
INSERT INTO shop.pairs VALUES (1, ROW(1, 2));
CREATE FUNCTION shop.distance(int, int) RETURNS double precision LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE NOTICE ''%'', (SELECT code FROM shop.secrets LIMIT 1); RETURN 1; END';
CREATE TYPE shop.span AS RANGE (subtype = int, subtype_diff = shop.distance);
`
