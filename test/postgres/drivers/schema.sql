-- One of nearly everything that a dump or an introspection looks for, beside the tables of ../differential/schema.sql.
-- Nothing here holds credentials: what does is refused, see docs/postgres.md.
CREATE SCHEMA shelf;
CREATE TYPE shelf.size AS (width integer, height integer);
CREATE TYPE shelf.span AS RANGE (subtype = integer, multirange_type_name = shelf.spans);
CREATE TYPE shelf.colour AS ENUM ('red', 'green');
CREATE DOMAIN shelf.code AS text COLLATE "C" DEFAULT 'x' NOT NULL CONSTRAINT short CHECK (length(VALUE) < 9);
CREATE COLLATION shelf.plain (provider = libc, locale = 'C');
CREATE SEQUENCE shelf.counter AS smallint START 5 INCREMENT BY 5 CYCLE;
CREATE TABLE shelf.boxes (
  id integer GENERATED ALWAYS AS IDENTITY (START 10),
  code shelf.code,
  size shelf.size,
  held shelf.span,
  colour shelf.colour DEFAULT 'red',
  area integer GENERATED ALWAYS AS (id * 2) STORED,
  place integer DEFAULT nextval('shelf.counter'),
  "Odd ""name""" text COLLATE shelf.plain,
  PRIMARY KEY (id) INCLUDE (code),
  UNIQUE NULLS NOT DISTINCT (colour, code) DEFERRABLE INITIALLY DEFERRED,
  EXCLUDE USING gist (held WITH &&) WHERE (id > 0)
) WITH (fillfactor = 70, autovacuum_enabled = off);
ALTER TABLE shelf.boxes ALTER COLUMN code SET STATISTICS 50, ALTER COLUMN code SET (n_distinct = 5), CLUSTER ON boxes_pkey, REPLICA IDENTITY FULL;
CREATE INDEX by_colour ON shelf.boxes USING brin (id) WITH (pages_per_range = 4) WHERE id > 5;
CREATE INDEX by_text ON shelf.boxes (lower("Odd ""name""") COLLATE "C" text_pattern_ops DESC NULLS LAST);
CREATE STATISTICS shelf.together (ndistinct, dependencies) ON id, place FROM shelf.boxes;
CREATE TABLE shelf.moves (at date NOT NULL, box integer, n integer) PARTITION BY RANGE (at);
CREATE TABLE shelf.moves_2026 PARTITION OF shelf.moves FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (n);
CREATE TABLE shelf.moves_2026_1 PARTITION OF shelf.moves_2026 FOR VALUES IN (1, NULL);
CREATE TABLE shelf.moves_rest PARTITION OF shelf.moves DEFAULT;
CREATE INDEX moves_by_box ON shelf.moves (box);
ALTER TABLE shelf.moves ADD FOREIGN KEY (box) REFERENCES shelf.boxes (id) ON DELETE CASCADE;
CREATE TABLE shelf.things (id integer, note text);
CREATE TABLE shelf.crates (weight numeric, CONSTRAINT heavy CHECK (weight > 0) NO INHERIT) INHERITS (shelf.things);
CREATE UNLOGGED TABLE shelf.scratch (LIKE shelf.things);
CREATE TABLE shelf.typed OF shelf.size (PRIMARY KEY (width));
CREATE VIEW shelf.seen WITH (security_barrier) AS SELECT b.id, count(m.n) AS moves FROM shelf.boxes b LEFT JOIN shelf.moves m ON m.box = b.id GROUP BY b.id;
CREATE VIEW shelf.few AS SELECT * FROM shelf.things WHERE id < 5 WITH CASCADED CHECK OPTION;
CREATE MATERIALIZED VIEW shelf.kept AS SELECT colour, count(*) AS n FROM shelf.boxes GROUP BY colour;
CREATE UNIQUE INDEX kept_by_colour ON shelf.kept (colour);
CREATE RULE silent AS ON DELETE TO shelf.few DO INSTEAD NOTHING;
CREATE FUNCTION shelf.doubled(IN n integer, OUT twice integer, VARIADIC more integer[] DEFAULT '{}') LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5 AS 'SELECT n * 2';
CREATE FUNCTION shelf.listed(lim integer) RETURNS TABLE (id integer, note text) LANGUAGE sql STABLE ROWS 7 BEGIN ATOMIC SELECT t.id, t.note FROM shelf.things t LIMIT lim; END;
CREATE PROCEDURE shelf.tidy(INOUT n integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = shelf AS $$ BEGIN n := n + 1; END $$;
CREATE FUNCTION shelf.touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE AGGREGATE shelf.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE OPERATOR shelf.### (FUNCTION = int4pl, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(shelf.###));
CREATE OPERATOR CLASS shelf.ints FOR TYPE integer USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(integer);
CREATE CAST (shelf.size AS text) WITH INOUT AS ASSIGNMENT;
CREATE CONVERSION shelf.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY shelf.words (TEMPLATE = simple, stopwords = english);
CREATE TEXT SEARCH CONFIGURATION shelf.search (COPY = simple);
CREATE TRIGGER touched BEFORE UPDATE OF note ON shelf.things FOR EACH ROW WHEN (OLD.note IS DISTINCT FROM NEW.note) EXECUTE FUNCTION shelf.touched('a', 'b');
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON shelf.boxes DEFERRABLE FOR EACH ROW EXECUTE FUNCTION shelf.touched();
CREATE FUNCTION shelf.told() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER told ON ddl_command_end WHEN TAG IN ('CREATE CAST') EXECUTE FUNCTION shelf.told();
ALTER TABLE shelf.things ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shelf.things AS RESTRICTIVE FOR SELECT TO PUBLIC USING (id > 0);
CREATE PUBLICATION part FOR TABLE shelf.things (id) WHERE (id > 1);
CREATE PUBLICATION whole FOR TABLES IN SCHEMA shelf;
COMMENT ON TABLE shelf.boxes IS 'Where it''s kept';
COMMENT ON COLUMN shelf.boxes.code IS 'As printed';
COMMENT ON FUNCTION shelf.touched() IS 'Does nothing';
ALTER DEFAULT PRIVILEGES IN SCHEMA shelf GRANT SELECT ON TABLES TO PUBLIC;
GRANT USAGE ON SCHEMA shelf TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA shelf TO PUBLIC;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA shelf TO PUBLIC;
GRANT UPDATE (note) ON shelf.things TO PUBLIC;
REVOKE EXECUTE ON FUNCTION shelf.doubled FROM PUBLIC;
SELECT lo_create(4242);
ANALYZE;
