import { query, sync } from '../../../../src/protocols/postgres/wire/build.ts'
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
  'a rule that another session makes': async (stage) => {
    const [first, second] = [await stage.session(), await stage.session()]
    await first.say('SELECT 1')
    await second.say('CREATE RULE mine AS ON UPDATE TO shop.harmless DO INSTEAD DELETE FROM shop.order_view')
    await first.say('UPDATE shop.harmless SET word = word')
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
})
