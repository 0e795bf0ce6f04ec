import { bind, execute, parse, query, sync } from '../../../../src/protocols/postgres/wire/build.ts'
import { evasions } from '../evasion.ts'
import { asked } from '../stage.ts'

/** Two sessions of one job: what one defines, the other meets. */
export const races = evasions('found', {
  'a view that another session makes': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('SELECT * FROM shop.harmless')
    await second.say(
      'ALTER TABLE shop.harmless RENAME TO plain; CREATE VIEW shop.harmless AS SELECT id, shop.reveal_one(id) AS word FROM shop.plain',
    )
    await first.say('SELECT * FROM shop.harmless')
  },
  'a view that another session makes, statement by statement': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('SELECT * FROM shop.harmless')
    await second.say('BEGIN')
    await second.say('ALTER TABLE shop.harmless RENAME TO plain')
    await second.say('CREATE VIEW shop.harmless AS SELECT id, shop.reveal_one(id) AS word FROM shop.plain')
    await second.say('COMMIT')
    await first.say('SELECT * FROM shop.harmless')
  },
  'a trigger that another session makes, met by a prepared statement': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.send(parse('s', `INSERT INTO shop.harmless VALUES (80, 'x') ON CONFLICT DO NOTHING`), sync())
    await second.say('CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring()')
    await first.send(bind('', 's'), execute(''), sync())
  },
  'a trigger that another session makes': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say(`INSERT INTO shop.harmless VALUES (80, 'x')`)
    await second.say('CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring()')
    await first.say(`INSERT INTO shop.harmless VALUES (81, 'x')`)
  },
  'a rule that another session makes': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('SELECT 1')
    await second.say('CREATE RULE mine AS ON UPDATE TO shop.harmless DO INSTEAD DELETE FROM shop.order_view')
    await first.say('UPDATE shop.harmless SET word = word')
  },
  'a function that another session makes': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say(`SELECT upper('x'::varchar)`)
    await second.say(
      `CREATE FUNCTION public.upper(varchar) RETURNS text LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN 1; END'`,
    )
    await first.say(`SELECT upper('x'::varchar)`)
  },
  'an inheritance that another session makes': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await second.say('CREATE TABLE shop.heir (code text)')
    await first.say('TABLE shop.heir')
    await second.say('ALTER TABLE shop.secrets INHERIT shop.heir')
    await first.say('TABLE shop.heir')
  },
  'names that another session swaps': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('TABLE shop.harmless')
    await second.say('ALTER TABLE shop.harmless RENAME TO other; ALTER TABLE shop.secrets RENAME TO harmless')
    await first.say('TABLE shop.harmless')
  },
  'a lock, and a trigger that is made behind it': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await second.say('BEGIN')
    await second.say('CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring()')
    first.throw(query(`INSERT INTO shop.harmless VALUES (81, 'x')`))
    await stage.pause()
    await second.say('COMMIT')
    await stage.pause()
  },
  'a lock, and a name that is swapped behind it': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await second.say('CREATE VIEW public.open AS SELECT id, shop.reveal_one(id) AS word FROM shop.customers')
    await first.say('TABLE shop.harmless')
    await second.say('BEGIN')
    await second.say('ALTER TABLE shop.harmless RENAME TO other')
    await second.say('ALTER VIEW public.open RENAME TO harmless')
    await second.say('ALTER VIEW public.harmless SET SCHEMA shop')
    first.throw(query('TABLE shop.harmless'))
    await stage.pause()
    await second.say('COMMIT')
    await stage.pause()
  },
  'a lock, and a function that is made behind it': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('SELECT 1')
    await second.say('BEGIN')
    await second.say('LOCK TABLE shop.harmless IN ACCESS EXCLUSIVE MODE')
    first.throw(query('SELECT upper(word::varchar) FROM shop.harmless'))
    await stage.pause()
    await second.say(
      `CREATE FUNCTION public.upper(varchar) RETURNS text LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN 1; END'`,
    )
    await second.say('COMMIT')
    await stage.pause()
  },
  'a lock, and an inheritance behind it': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await second.say('CREATE TABLE shop.heir (code text)')
    await first.say('TABLE shop.heir')
    await second.say('BEGIN')
    await second.say('LOCK TABLE shop.heir')
    first.throw(query('TABLE shop.heir'))
    await stage.pause()
    await second.say('ALTER TABLE shop.secrets INHERIT shop.heir')
    await second.say('COMMIT')
    await stage.pause()
  },
  'a table of another session, in one transaction': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('BEGIN')
    await first.say('SELECT 1')
    await second.say('CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring()')
    await first.say(`INSERT INTO shop.harmless VALUES (81, 'x')`)
    await first.say('COMMIT')
  },
  'a statement that waits behind a slow one of its group': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('SELECT 1')
    first.throw(asked('SELECT pg_sleep(0.5)'), asked(`INSERT INTO shop.harmless VALUES (81, 'x')`), sync())
    await stage.pause()
    await second.say('CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring()')
    await stage.pause(700)
  },
  'a statement that waits behind a slow one of its message': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('SELECT 1')
    first.throw(query(`SELECT pg_sleep(0.5); INSERT INTO shop.harmless VALUES (81, 'x')`))
    await stage.pause()
    await second.say('CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring()')
    await stage.pause(700)
  },
  'a statement that waits behind a slow one': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('SELECT 1')
    first.throw(query('SELECT pg_sleep(0.5)'), query(`INSERT INTO shop.harmless VALUES (81, 'x')`))
    await stage.pause()
    await second.say('CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring()')
    await stage.pause(700)
  },
  'a session that ends with its transaction open': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('TABLE shop.harmless')
    second.throw(
      query('CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring()'),
      Buffer.from([88, 0, 0, 0, 4]),
    )
    await stage.pause(50)
    await first.say(`INSERT INTO shop.harmless VALUES (81, 'x')`)
  },
  'a group that defines and does not end': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    second.throw(asked('CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring()'))
    await stage.pause(50)
    first.throw(query(`INSERT INTO shop.harmless VALUES (81, 'x')`))
    await stage.pause(50)
    await second.send(sync())
    await stage.pause()
  },
  'a path that another session fills': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('SET search_path = nowhere, decoy')
    await second.say('CREATE SCHEMA nowhere')
    await second.say('CREATE VIEW nowhere.secrets AS SELECT * FROM shop.reveal()')
    await first.say('TABLE secrets')
  },
  'a schema that another session closes': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('SET search_path = decoy, shop')
    await first.say('SELECT count(*) FROM orders')
    await second.say('REVOKE ALL ON SCHEMA decoy FROM shop_app')
    await first.say('DELETE FROM orders')
    await second.say('GRANT ALL ON SCHEMA decoy TO shop_app')
  },
  'a path that another session empties': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('SET search_path = decoy, shop')
    await first.say('SELECT 1')
    await second.say('DROP TABLE decoy.orders')
    await first.say('DELETE FROM orders')
  },
})
