import { bind, close, describe, execute, flush, parse, query, sync } from '../../../../src/protocols/postgres/wire/build.ts'
import { evasions } from '../evasion.ts'
import { asked } from '../stage.ts'

const DECOY = query('SET search_path = decoy')
const SHOP = query('SET search_path = shop')

const checklist = evasions('checklist', {
  'Parse of a denied statement, Bind all the same': async (stage) => {
    const actor = await stage.session()
    await actor.send(parse('s', 'DELETE FROM shop.orders'), sync())
    await actor.send(bind('', 's'), execute(''), sync())
  },
  'Parse and Execute without Sync': async (stage) => {
    const actor = await stage.session()
    actor.throw(asked('DELETE FROM shop.orders'), flush())
    await stage.pause()
    await actor.send(sync())
  },
})

const found = evasions('found', {
  'Bind behind a path that changed': async (stage) => {
    const actor = await stage.session()
    await actor.send(DECOY, parse('s', 'DELETE FROM orders'), sync(), SHOP, bind('', 's'), execute(''), sync())
  },
  'Bind behind a path that changed, without Sync between': async (stage) => {
    const actor = await stage.session()
    await actor.send(DECOY)
    await actor.send(parse('s', 'DELETE FROM orders'), asked('SET search_path = shop', 'p', 'p'), bind('', 's'), execute(''), sync())
  },
  'Bind behind a path that changed, all at once': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      asked('SET search_path = decoy'),
      parse('s', 'DELETE FROM orders'),
      asked('SET search_path = shop'),
      bind('', 's'),
      execute(''),
      sync(),
    )
  },
  'Bind behind set_config': async (stage) => {
    const actor = await stage.session()
    await actor.send(DECOY)
    await actor.send(
      parse('s', 'DELETE FROM orders'),
      parse('c', 'SELECT set_config($1, $2, false)'),
      bind('', 'c', ['search_path', 'shop']),
      execute(''),
      bind('', 's'),
      execute(''),
      sync(),
    )
  },
  'Bind behind set_config in another group': async (stage) => {
    const actor = await stage.session()
    await actor.send(DECOY, parse('s', 'DELETE FROM orders'), sync())
    await actor.send(asked(`SELECT set_config('search_path', 'shop', false)`), sync(), bind('', 's'), execute(''), sync())
  },
  'Parse behind a SET that fails in its group': async (stage) => {
    const actor = await stage.session()
    await actor.send(SHOP)
    await actor.send(asked('SET search_path = decoy'), asked('SELECT 1/0'), sync(), asked('DELETE FROM orders'), sync())
  },
  'Query behind a SET that fails in its group': async (stage) => {
    const actor = await stage.session()
    await actor.send(SHOP)
    await actor.send(asked('SET search_path = decoy'), asked('SELECT 1/0'), sync(), query('DELETE FROM orders'))
  },
  'Parse behind a SET whose group is refused': async (stage) => {
    const actor = await stage.session()
    await actor.send(SHOP)
    await actor.send(asked('SET search_path = decoy'), asked('TABLE shop.secrets'), sync(), asked('DELETE FROM orders'), sync())
  },
  'a statement of the protocol, executed in SQL': async (stage) => {
    const actor = await stage.session()
    await actor.send(DECOY, parse('s', 'DELETE FROM orders'), sync(), SHOP, query('EXECUTE s'))
  },
  'a statement of the protocol that is deallocated in SQL': async (stage) => {
    const actor = await stage.session()
    await actor.send(DECOY, parse('s', 'SELECT 1'), sync(), query('DEALLOCATE s'), query('PREPARE s AS DELETE FROM orders'), SHOP)
    await actor.send(bind('', 's'), execute(''), sync())
  },
  'a statement of SQL, bound by the protocol': async (stage) => {
    const actor = await stage.session()
    await actor.send(DECOY, query('PREPARE s AS DELETE FROM orders'), SHOP, bind('', 's'), execute(''), sync())
  },
  'a statement of the protocol that is closed, and another of its name': async (stage) => {
    const actor = await stage.session()
    await actor.send(parse('s', 'SELECT 1'), sync(), close('S', 's'), parse('s', 'TABLE shop.secrets'), bind('', 's'), execute(''), sync())
  },
  'a statement that is closed in a group that fails': async (stage) => {
    const actor = await stage.session()
    await actor.send(DECOY, parse('s', 'DELETE FROM orders'), sync(), SHOP)
    await actor.send(asked('SELECT 1/0', 'x'), close('S', 's'), parse('s', 'SELECT 1'), sync(), bind('', 's'), execute(''), sync())
  },
  'a statement that is parsed in a group that fails': async (stage) => {
    const actor = await stage.session()
    await actor.send(DECOY, parse('s', 'DELETE FROM orders'), sync(), SHOP)
    await actor.send(asked('SELECT 1/0', 'x'), sync(), parse('s', 'SELECT 1'), sync(), bind('', 's'), execute(''), sync())
  },
  'an unnamed statement behind another': async (stage) => {
    const actor = await stage.session()
    await actor.send(parse('', 'SELECT 1'), describe('S', ''), parse('', 'TABLE shop.secrets'), bind('', ''), execute(''), sync())
  },
  'an unnamed statement that a Query ends': async (stage) => {
    const actor = await stage.session()
    await actor.send(DECOY, parse('', 'DELETE FROM orders'), sync(), SHOP, bind('', ''), execute(''), sync())
    await actor.send(
      DECOY,
      parse('', 'DELETE FROM orders'),
      flush(),
      asked('SET search_path = shop', 'n', 'n'),
      bind('', ''),
      execute(''),
      sync(),
    )
  },
  'strings between Parse and Bind': {
    steps: async (stage) => {
      const actor = await stage.session()
      await actor.send(query('SET standard_conforming_strings = off'), parse('s', `SELECT '\\' || shop.purge() || '`), sync())
      await actor.send(
        parse('t', `SELECT '\\'', shop.purge(), '--'`),
        sync(),
        query('SET standard_conforming_strings = on'),
        bind('', 's'),
        execute(''),
        sync(),
      )
    },
    harmless: 'PostgreSQL keeps how it has read a text.',
  },
  'a temporary table that is dropped between Parse and Bind': async (stage) => {
    const actor = await stage.session()
    await actor.send(SHOP, query('CREATE TEMP TABLE orders (id int)'), parse('s', 'DELETE FROM orders'), sync())
    await actor.send(query('DROP TABLE orders'), bind('', 's'), execute(''), sync())
  },
  'a table that is renamed between Parse and Bind': async (stage) => {
    const actor = await stage.session()
    await actor.send(query('SET search_path = decoy, shop'), parse('s', 'DELETE FROM orders'), sync())
    await actor.send(query('ALTER TABLE decoy.orders RENAME TO x'), bind('', 's'), execute(''), sync())
  },
  'a table that is renamed between Parse and Bind, in one group': async (stage) => {
    const actor = await stage.session()
    await actor.send(query('SET search_path = decoy, shop'))
    await actor.send(
      parse('s', 'DELETE FROM orders'),
      asked('ALTER TABLE decoy.orders RENAME TO x', 'a', 'a'),
      bind('', 's'),
      execute(''),
      sync(),
    )
  },
  'a view that is made between Parse and Bind': async (stage) => {
    const actor = await stage.session()
    await actor.send(parse('s', 'SELECT * FROM shop.harmless'), sync())
    await actor.send(
      query('ALTER TABLE shop.harmless RENAME TO plain'),
      query('CREATE VIEW shop.harmless AS SELECT id, shop.reveal_one(id) AS word FROM shop.plain'),
      bind('', 's'),
      execute(''),
      sync(),
    )
  },
  'a transaction that ends between Bind and Execute': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      SHOP,
      query('BEGIN'),
      parse('s', 'DELETE FROM orders'),
      bind('p', 's'),
      sync(),
      DECOY,
      execute('p'),
      sync(),
      query('COMMIT'),
    )
  },
  'a role that changes between Parse and Bind': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      query('GRANT USAGE ON SCHEMA shop TO helper_role; GRANT ALL ON ALL TABLES IN SCHEMA shop TO helper_role'),
      query('SET search_path = decoy, shop'),
      parse('s', 'TABLE secrets'),
      sync(),
      query('SET ROLE helper_role'),
      bind('', 's'),
      execute(''),
      sync(),
    )
  },
  'parameters that hold a statement': {
    steps: async (stage) => {
      const actor = await stage.session()
      await actor.send(parse('', 'SELECT $1::text'), bind('', '', [`'; DELETE FROM shop.orders; --`]), execute(''), sync())
    },
    harmless: 'A parameter is a value.',
  },
})

/** Prepared statements of the protocol, and what changes between Parse, Bind and Execute. */
export const statements = [...checklist, ...found]
