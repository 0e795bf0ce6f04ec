import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningPostgres, startPostgres } from '../../../../test/parts/postgres.ts'
import { createLogin } from '../login/index.ts'
import type { Catalog, Relation } from './catalog.ts'
import { readSnapshot } from './read-snapshot.ts'
import { createCatalogInSlices, openCatalog, type SharedCatalog } from './shared-catalog.ts'

const SCHEMA = `
CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION tablefunc;
CREATE SCHEMA app; CREATE SCHEMA "Odd ""one""";
CREATE FUNCTION app.spy(anyelement) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$;
CREATE FUNCTION app.sum2(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE AGGREGATE app.total(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE AGGREGATE app.spied(int) (sfunc = app.sum2, stype = int, initcond = '0');
CREATE PROCEDURE app.work() LANGUAGE plpgsql AS $$ BEGIN END $$;

CREATE TABLE app.customers (id bigserial PRIMARY KEY, email text NOT NULL, dropped int, "Full Name" text);
ALTER TABLE app.customers DROP COLUMN dropped;
CREATE TABLE app.orders (id bigint PRIMARY KEY, customer bigint REFERENCES app.customers ON DELETE CASCADE ON UPDATE SET NULL, total numeric);
CREATE TABLE app.lines ("order" bigint REFERENCES app.orders, n int);
CREATE INDEX lines_n ON app.lines (n);
CREATE VIEW app.emails AS SELECT email FROM app.customers WHERE id > 0;
CREATE VIEW app.spied_emails AS SELECT lower(email) AS email FROM app.emails WHERE app.spy(email);
CREATE VIEW app.rows AS SELECT to_json(c) AS row FROM app.customers c;
CREATE MATERIALIZED VIEW app.totals AS SELECT customer, sum(total) AS total FROM app.orders GROUP BY customer;
CREATE VIEW app.users AS SELECT usename FROM pg_catalog.pg_shadow;
CREATE VIEW app.passwords AS SELECT rolname FROM pg_catalog.pg_authid WHERE EXISTS (SELECT FROM app.orders);

CREATE TABLE app.events (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE app.events_2026 PARTITION OF app.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE app.parent (a int); CREATE TABLE app.child (b int) INHERITS (app.parent);

CREATE TABLE app.ruled (a int); CREATE RULE r AS ON INSERT TO app.ruled DO ALSO DELETE FROM app.customers;
CREATE FUNCTION app.fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE app.triggered (a int, v tsvector, t text);
CREATE TRIGGER own BEFORE INSERT OR UPDATE ON app.triggered FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(v, 'pg_catalog.simple', t);
CREATE TABLE app.triggered_by_user (a int);
CREATE TRIGGER t AFTER DELETE OR UPDATE ON app.triggered_by_user FOR EACH ROW EXECUTE FUNCTION app.fire();
CREATE TRIGGER off AFTER INSERT ON app.triggered_by_user FOR EACH ROW EXECUTE FUNCTION app.fire();
ALTER TABLE app.triggered_by_user DISABLE TRIGGER off;

CREATE TABLE app.secured (a int); ALTER TABLE app.secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON app.secured USING (a > 0 AND current_user = 'x');
CREATE TABLE app.secured_by_rows (a int, b text); ALTER TABLE app.secured_by_rows ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON app.secured_by_rows FOR SELECT USING (a IN (SELECT c.id FROM app.customers c WHERE c.email = b));
CREATE POLICY q ON app.secured_by_rows FOR INSERT WITH CHECK (EXISTS (SELECT FROM app.emails e WHERE upper(e::text) = b));
CREATE POLICY r ON app.secured_by_rows FOR DELETE USING (EXISTS (SELECT FROM pg_catalog.pg_authid));
CREATE TABLE app.secured_sometimes (a int); CREATE POLICY p ON app.secured_sometimes USING (EXISTS (TABLE app.orders));
CREATE TABLE app.plans (n int, code int GENERATED ALWAYS AS (n + 1) STORED UNIQUE);
CREATE TABLE app.planned (plan int REFERENCES app.plans (code) ON UPDATE CASCADE);
CREATE TABLE app.excluding (r int4range, EXCLUDE USING gist (r WITH &&));
CREATE TABLE app.hashed (a int, b int) PARTITION BY HASH (b, (a + 1));
CREATE TABLE app.secured_by_code (a int); ALTER TABLE app.secured_by_code ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON app.secured_by_code USING (app.spy(a));
CREATE TABLE app.checked (a int CHECK (a > 0), b text DEFAULT upper('x'), c int DEFAULT nextval('app.customers_id_seq'));
CREATE TABLE app.checked_by_code (a int CHECK (app.spy(a)));
CREATE TABLE app.defaulted_by_code (a bigint DEFAULT pg_catalog.lo_create(0));
CREATE TABLE app.indexed_by_code (a int); CREATE INDEX ON app.indexed_by_code (app.sum2(a, 1));

CREATE DOMAIN app.positive AS int CHECK (VALUE > 0);
CREATE DOMAIN app.spied_domain AS int CHECK (app.spy(VALUE));
CREATE TYPE app.mood AS ENUM ('sad', 'ok');
CREATE TYPE app.pair AS (a int, b app.spied_domain);
CREATE TYPE app.span AS RANGE (subtype = int);
CREATE TABLE app.typed (m app.mood[], p app.positive, s app.span, c public.citext, h public.hstore);
CREATE TABLE app.typed_by_code (p app.pair[]);
CREATE VIEW app.domained AS SELECT 1::app.spied_domain AS one;
CREATE VIEW app.paired AS SELECT o.total::text::app.pair AS pair FROM app.orders o;
CREATE VIEW app.mooded AS SELECT o.total::text::app.mood AS mood, ARRAY['ok'::app.mood] AS moods FROM app.orders o;
CREATE VIEW app.rowed AS SELECT (o.total::text::app.typed_by_code) IS NULL AS none FROM app.orders o;
CREATE TYPE app.cents AS (n int);
CREATE FUNCTION app.to_cents(int) RETURNS app.cents LANGUAGE sql AS 'SELECT ROW($1)::app.cents';
CREATE CAST (int AS app.cents) WITH FUNCTION app.to_cents(int);
CREATE TABLE app.priced (c app.cents);
CREATE FUNCTION app.same(int, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$;
CREATE OPERATOR app.=== (leftarg = int, rightarg = text, function = app.same);
CREATE VIEW app.operated AS SELECT 1 OPERATOR(app.===) 'x'::text AS same;
CREATE FUNCTION pg_catalog.lower(int) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
CREATE TEMPORARY TABLE hidden (a int);
CREATE TABLE "Odd ""one"""."Täble
" ("a,b" int, "{x}" int);
`

describe('the catalog of a real database', () => {
  let server: RunningPostgres
  let catalog: SharedCatalog
  beforeAll(async () => {
    server = await startPostgres()
    await server.query(SCHEMA)
    await server.query('CREATE ROLE modest LOGIN')
    catalog = await read('postgres')
  })
  afterAll(() => server.stop())

  async function snapshotAs(user: string, known?: string) {
    const address = { host: server.host, port: server.port, tls: { verify: 'off' } } as const
    const ask = { database: 'postgres', settings: new Map<string, string>(), minor: 0, readOnly: false } as const
    const target = await createLogin()(address, { user }, ask, AbortSignal.timeout(10_000))
    try {
      return await readSnapshot(target, known)
    } finally {
      target.socket.destroy()
    }
  }
  const read = async (user: string) => createCatalogInSlices((await snapshotAs(user)).snapshot!)
  const relation = (name: string, schema = 'app') => catalog.relation(schema, name) as Relation
  const named = (oids: readonly number[]) => oids.map((oid) => catalog.relationByOid(oid)?.name)

  it('knows schemas, relations and their columns by exact name', () => {
    expect(catalog.hasSchema('app')).toBe(true)
    expect(catalog.hasSchema('App')).toBe(false)
    expect(relation('customers')).toMatchObject({ kind: 'table', columns: ['id', 'email', 'Full Name'] })
    expect(relation('Täble\n', 'Odd "one"').columns).toEqual(['a,b', '{x}'])
    expect(relation('pg_class', 'pg_catalog').columns).toContain('relname')
    expect(relation('tables', 'information_schema')).toMatchObject({ kind: 'view', view: { uses: [], calls: [] } })
    expect(catalog.serverVersion).toBeGreaterThanOrEqual(150_000)
    expect(relation('customers_id_seq').kind).toBe('sequence')
    expect(relation('totals').kind).toBe('materialized view')
  })
  it('leaves temporary relations out', () => {
    expect(relation('hidden', 'pg_temp')).toBeUndefined()
    for (let number = 0; number < 20; number += 1) expect(catalog.hasSchema(`pg_temp_${number}`)).toBe(false)
  })
  it('knows which table an index and a TOAST table belong to', () => {
    expect(named([relation('lines_n').of!])).toEqual(['lines'])
    expect(named([relation(`pg_toast_${relation('customers').oid}`, 'pg_toast').of!])).toEqual(['customers'])
  })
  it('knows partitions and inheritance in both directions', () => {
    expect(named(relation('events').children)).toEqual(['events_2026'])
    expect(named(relation('events_2026').parents)).toEqual(['events'])
    expect(named(relation('parent').children)).toEqual(['child'])
  })
  it('knows what foreign keys change, and who refers to a table', () => {
    const { cascades, referencedBy } = relation('customers')
    expect(cascades).toEqual([
      { relation: relation('orders').oid, on: 'delete', columns: [], key: ['id'] },
      { relation: relation('orders').oid, on: 'update', columns: ['customer'], key: ['id'] },
    ])
    expect(named(referencedBy)).toEqual(['orders'])
    expect(relation('orders')).toMatchObject({ cascades: [], referencedBy: [relation('lines').oid] })
  })
  it('knows what a view uses and calls', () => {
    expect(relation('emails').view).toEqual({
      uses: [{ relation: relation('customers').oid, columns: ['email', 'id'] }],
      calls: ['pg_catalog.int84gt'],
      columns: [{ from: [{ relation: relation('customers').oid, columns: ['email'] }], plain: true, certain: true }],
    })
    expect(relation('spied_emails').view).toEqual({
      uses: [{ relation: relation('emails').oid, columns: ['email'] }],
      calls: ['app.spy', 'pg_catalog.lower'],
      columns: [{ from: [{ relation: relation('emails').oid, columns: ['email'] }], plain: false, certain: true }],
    })
    expect(relation('rows').view?.uses).toEqual([{ relation: relation('customers').oid, columns: ['*'] }])
    expect(named(relation('users').view!.uses.map((use) => use.relation))).toEqual(['pg_shadow'])
    expect(named(relation('passwords').view!.uses.map((use) => use.relation))).toEqual(['orders', 'pg_authid'])
    expect(relation('operated').view?.calls).toEqual(['app.same'])
    expect(relation('paired').view?.calls).toEqual(['app.spy'])
    expect(relation('mooded').view?.calls).toEqual([])
    expect(relation('rowed').view).not.toHaveProperty('calls')
    expect(relation('domained').view?.calls).toEqual(['app.spy'])
  })
  it('knows what the policies of a table use and call, and whether they apply', () => {
    const { policies } = relation('secured_by_rows')
    expect(policies?.enabled).toBe(true)
    expect(Object.fromEntries(policies!.uses.map((use) => [catalog.relationByOid(use.relation)?.name, use.columns]))).toEqual({
      customers: ['*'],
      emails: ['*'],
      pg_authid: ['*'],
    })
    expect(policies?.calls).toEqual(['pg_catalog.int48eq', 'pg_catalog.texteq', 'pg_catalog.upper'])
    expect(relation('secured').policies).toMatchObject({ enabled: true, uses: [] })
    expect(relation('secured_by_code').policies?.calls).toEqual(['app.spy'])
    expect(relation('secured_sometimes').policies?.enabled).toBe(false)
    expect(named(relation('secured_sometimes').policies!.uses.map((use) => use.relation))).toEqual(['orders'])
    expect(relation('orders').policies).toBeUndefined()
  })
  it('knows the key of partitions, and keys that are computed from other columns', () => {
    expect(relation('events').partitionKey).toEqual(['at'])
    expect(relation('hashed').partitionKey).toEqual(['b', '*'])
    expect(relation('orders').partitionKey).toBeUndefined()
    expect([relation('excluding').exclusion, relation('orders').exclusion]).toEqual([true, undefined])
    expect(relation('plans').cascades.map(({ key }) => key)).toEqual([['code', '*']])
  })
  it('knows rules and the triggers of users', () => {
    expect([relation('ruled').rules, relation('emails').rules]).toEqual([true, false])
    expect(relation('triggered').triggers).toEqual([])
    expect(relation('triggered_by_user').triggers).toEqual(['update', 'delete'])
    expect(relation('orders').triggers).toEqual([])
  })
  it('knows where reading or writing runs code of users', () => {
    const code = (name: string) => `${relation(name).userCode.onRead ? 'read ' : ''}${relation(name).userCode.onWrite ? 'write' : ''}`
    const names =
      'customers secured secured_by_code checked checked_by_code defaulted_by_code indexed_by_code typed typed_by_code priced events_2026'
    expect(Object.fromEntries(names.split(' ').map((name) => [name, code(name)]))).toEqual({
      customers: '',
      secured: '',
      secured_by_code: 'read write',
      checked: '',
      checked_by_code: 'write',
      defaulted_by_code: 'write',
      indexed_by_code: 'write',
      typed: '',
      typed_by_code: 'write',
      priced: 'write',
      events_2026: '',
    })
  })
  it('tells functions of users from harmless ones of extensions', () => {
    const harmless = (name: string) => catalog.userFunctions(name).map((each) => each.harmless)
    expect(catalog.userFunctions('spy')).toEqual([
      { schema: 'app', name: 'spy', kind: 'function', language: 'plpgsql', volatility: 'volatile', harmless: false },
    ])
    expect(catalog.userFunctions('work')[0]?.kind).toBe('procedure')
    expect(catalog.userFunctions('akeys')).toMatchObject([{ extension: 'hstore', harmless: true }])
    expect([harmless('total'), harmless('spied'), harmless('sum2')]).toEqual([[true], [false], [false]])
    // They are stable, in C, and run the SQL that they are given.
    expect(harmless('crosstab')).not.toContain(true)
    expect(harmless('connectby')).not.toContain(true)
    expect(catalog.userFunctions('upper')).toEqual([])
    expect(catalog.userFunctions('lower')).toMatchObject([{ schema: 'pg_catalog', harmless: false }])
  })
  it('tells operators and types of users', () => {
    expect(catalog.userOperators('===')).toEqual([{ schema: 'app', name: '===', harmless: false }])
    expect(catalog.userOperators('->')).toContainEqual({ schema: 'public', name: '->', harmless: true })
    const type = (name: string, schema = 'app') => {
      const found = catalog.userType(schema, name)
      return found && `${found.kind} ${found.harmless}`
    }
    expect(
      Object.fromEntries(
        ['positive', 'spied_domain', 'mood', 'pair', 'span', 'cents', 'orders', 'typed_by_code'].map((name) => [name, type(name)]),
      ),
    ).toEqual({
      positive: 'domain true',
      spied_domain: 'domain false',
      mood: 'enum true',
      pair: 'composite false',
      span: 'range true',
      cents: 'composite false',
      orders: 'composite true',
      typed_by_code: 'composite false',
    })
    expect(type('citext', 'public')).toBe('base true')
    expect(type('nowhere')).toBeUndefined()
    expect(catalog.typeCode).toEqual({ casts: true, inputs: true })
  })
  it('is the same for a role that may hardly anything', async () => {
    expect((await read('modest')).version).toBe(catalog.version)
  })
  it('is the same in another thread', () => {
    const opened: Catalog = openCatalog(catalog.shared)
    expect(opened.version).toBe(catalog.version)
    expect(opened.relation('app', 'emails')).toEqual(relation('emails'))
    expect(opened.userType('app', 'typed_by_code')?.harmless).toBe(false)
  })
  it('is not read again while nothing has changed', async () => {
    const { fingerprint } = await snapshotAs('postgres')
    expect((await snapshotAs('postgres', fingerprint)).snapshot).toBeUndefined()
    await server.query('CREATE TEMPORARY TABLE passing (a int)')
    expect((await snapshotAs('postgres', fingerprint)).snapshot).toBeUndefined()
    for (const change of [
      'ALTER TABLE app.child RENAME COLUMN b TO c',
      'ALTER TABLE app.triggered_by_user ENABLE TRIGGER off',
      'ALTER SCHEMA app RENAME TO app2',
    ]) {
      const before = (await snapshotAs('postgres')).fingerprint
      await server.query(change)
      expect((await snapshotAs('postgres', before)).snapshot, change).toBeDefined()
    }
  })
})
