import { describe, expect, it } from 'vitest'
import { createCatalog } from '../catalog/index.ts'
import { createUnderstanding } from '../sql/index.ts'
import { declareSnapshot } from './index.ts'

const SHOP = `
CREATE SCHEMA shop;
CREATE TABLE plain (id integer);
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TYPE shop.mood AS ENUM ('good', 'bad');
CREATE FUNCTION shop.notify_all() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TABLE shop.customers (id integer PRIMARY KEY, name text, email text, mood shop.mood);
CREATE TABLE shop.orders (id integer, customer_id integer REFERENCES shop.customers (id) ON UPDATE CASCADE, placed date) PARTITION BY RANGE (placed);
CREATE TABLE shop.orders_2026 PARTITION OF shop.orders FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE shop.lines (order_id integer, product text);
ALTER TABLE ONLY shop.lines ADD CONSTRAINT lines_order FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE CASCADE;
CREATE VIEW shop.contacts AS SELECT c.id, lower(c.email) AS address FROM shop.customers c;
CREATE VIEW shop.odd AS SELECT shop.secret(id) AS x FROM shop.customers;
CREATE VIEW shop.all_orders AS SELECT * FROM shop.orders;
CREATE MATERIALIZED VIEW shop.totals AS SELECT count(*) AS n FROM shop.lines;
CREATE TABLE shop.audited (id integer);
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON shop.audited FOR EACH ROW EXECUTE FUNCTION shop.notify_all();
CREATE INDEX ON shop.lines (order_id);
CREATE TABLE shop.guarded (id integer);
ALTER TABLE shop.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY small ON shop.guarded FOR SELECT USING (id < 10);
CREATE POLICY known ON shop.guarded USING (EXISTS (SELECT FROM shop.customers c WHERE c.id = guarded.id)) WITH CHECK (id <> (SELECT count(*) FROM plain));
CREATE TABLE shop.odd_guarded (id integer);
ALTER TABLE shop.odd_guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON shop.odd_guarded USING (shop.secret(id) = 1);
CREATE TABLE shop.plans (n integer, code integer GENERATED ALWAYS AS (n + 1000) STORED UNIQUE);
CREATE TABLE shop.planned (plan integer REFERENCES shop.plans (code) ON UPDATE CASCADE);
GRANT SELECT ON plain TO PUBLIC;
COMMENT ON TABLE plain IS 'x';
`

async function factsOf(sql: string, ddl = SHOP) {
  const understanding = createUnderstanding({ statementBytes: 1024 * 1024 })
  const current = createCatalog(await declareSnapshot(ddl))
  const session = understanding.openSession({
    catalog: { current, fresh: async () => current, stale: () => {} },
    user: 'somebody',
    searchPath: '"$user", public',
    usable: 'all',
    readOnly: false,
    parameters: new Map([
      ['client_encoding', 'UTF8'],
      ['standard_conforming_strings', 'on'],
    ]),
    serverVersion: current.serverVersion,
  })
  try {
    const { facts } = await session.understand(Buffer.from(sql))
    return { ...facts.sql, effects: facts.effects.map((effect) => `${effect.class} ${effect.action}`) }
  } finally {
    session.close()
    await understanding.close()
  }
}

describe('a database that is described by CREATE statements', () => {
  it.each([
    ['SELECT * FROM plain', ['read select'], ['public.plain']],
    ['SELECT address FROM shop.contacts', ['read select'], ['shop.contacts', 'shop.customers']],
    ['SELECT id FROM shop.orders', ['read select'], ['shop.orders', 'shop.orders_2026']],
    ['SELECT id FROM shop.all_orders', ['read select'], ['shop.all_orders', 'shop.orders', 'shop.orders_2026']],
    ['SELECT n FROM shop.totals', ['read select'], ['shop.lines', 'shop.totals']],
  ])('is read as a server would read it: %s', async (sql, effects, reads) => {
    expect(await factsOf(sql)).toMatchObject({ effects, reads })
  })

  it('knows partitions, cascades and triggers of what is written', async () => {
    const deleted = await factsOf('DELETE FROM shop.orders WHERE id = 1')
    expect(deleted).toMatchObject({ bounded: true, writes: ['shop.lines', 'shop.orders', 'shop.orders_2026'] })
    expect((await factsOf('INSERT INTO shop.audited VALUES (1)')).effects).toContain('opaque trigger')
    expect((await factsOf('DELETE FROM shop.audited')).effects).toEqual(['write delete'])
  })

  it('knows what policies read, and what is computed from other columns', async () => {
    expect((await factsOf('TABLE shop.guarded')).reads).toEqual(['public.plain', 'shop.customers', 'shop.guarded'])
    expect((await factsOf('INSERT INTO shop.guarded VALUES (1)')).reads).toEqual(['public.plain', 'shop.customers'])
    expect((await factsOf('TABLE shop.odd_guarded')).effects.join()).toContain('opaque')
    expect((await factsOf('UPDATE shop.plans SET n = 1')).writes).toEqual(['shop.planned', 'shop.plans'])
  })

  it('is opaque where a view calls what is not known, and where a name is not there', async () => {
    expect((await factsOf('SELECT x FROM shop.odd')).effects.join()).toContain('opaque')
    expect((await factsOf('SELECT a FROM nowhere')).reads).toBeUndefined()
  })

  it('has the columns that a view says', async () => {
    expect((await factsOf('SELECT address FROM shop.contacts')).columns?.output).toContain('shop.customers.email')
  })

  it.each([
    ['this is no sql', 'not SQL'],
    ['CREATE TABLE a (id int); DROP TABLE a', 'Statement 2: DropStmt'],
    ['CREATE TABLE a (id int); CREATE TABLE a (id int)', 'there already'],
    ['CREATE TABLE a (id int REFERENCES b (id))', 'not created before'],
    ['CREATE TABLE a () INHERITS (b)', 'parent'],
    ['CREATE TABLE a (id int); ALTER TABLE a DROP COLUMN id', 'in the end'],
    ['CREATE TABLE a (id int); CREATE VIEW v AS SELECT * FROM a, a b', 'Name the columns'],
    ['CREATE TRIGGER t AFTER INSERT ON nowhere FOR EACH ROW EXECUTE FUNCTION f()', 'not created before'],
  ])('is refused where something would be lost: %s', async (ddl, message) => {
    await expect(declareSnapshot(ddl)).rejects.toThrow(message)
  })
})
