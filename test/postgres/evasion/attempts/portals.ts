import { bind, close, execute, flush, parse, query, sync } from '../../../../src/protocols/postgres/wire/build.ts'
import { evasions } from '../evasion.ts'
import { asked } from '../stage.ts'

const DECOY = query('SET search_path = decoy')
const SHOP = query('SET search_path = shop')

/** Portals, and the cursors that they are. */
export const portals = evasions('found', {
  'a portal that was bound by another path': async (stage) => {
    const actor = await stage.session()
    await actor.send(query('BEGIN'), SHOP, parse('s', 'DELETE FROM orders'), bind('p', 's'), flush(), DECOY)
    await actor.send(execute('p'), sync(), query('COMMIT'))
  },
  'a portal that was bound by another path and is executed later': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      query('BEGIN'),
      SHOP,
      parse('s', 'TABLE secrets'),
      bind('p', 's'),
      sync(),
      DECOY,
      execute('p'),
      sync(),
      query('COMMIT'),
    )
  },
  'a COPY that was bound to a temporary table which is gone': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      query('SET search_path = shop'),
      query('CREATE TEMP TABLE secrets (code text)'),
      query('BEGIN'),
      parse('s', 'COPY secrets TO STDOUT'),
      bind('p', 's'),
      sync(),
      query('DROP TABLE pg_temp.secrets'),
      execute('p'),
      sync(),
      query('COMMIT'),
    )
  },
  'a portal whose statement is made anew': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      query('BEGIN'),
      parse('s', 'TABLE shop.secrets'),
      bind('p', 's'),
      close('S', 's'),
      parse('s', 'SELECT 1'),
      execute('p'),
      sync(),
      query('COMMIT'),
    )
  },
  'a portal of the name of a cursor': async (stage) => {
    const actor = await stage.session()
    await actor.send(query('BEGIN'), query('SELECT shop.opened()'), execute('opened'), sync(), query('COMMIT'))
  },
  'a cursor of the name of a portal': async (stage) => {
    const actor = await stage.session()
    await actor.send(query('BEGIN'), parse('', 'TABLE shop.secrets'), bind('p', ''), sync(), query('FETCH ALL FROM p'), query('COMMIT'))
  },
  'a cursor in SQL, executed as a portal': async (stage) => {
    const actor = await stage.session()
    await actor.send(query('BEGIN'), query('DECLARE c CURSOR FOR TABLE shop.secrets'), execute('c'), sync(), query('COMMIT'))
  },
  'a portal that a FETCH goes on with': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      query('BEGIN'),
      parse('', `SELECT set_config('search_path', CASE n WHEN 1 THEN 'decoy' ELSE 'shop' END, false) FROM generate_series(1, 3) n`),
      bind('p', ''),
      execute('p', 1),
      sync(),
      query('FETCH ALL FROM p'),
      query('DELETE FROM orders'),
      query('COMMIT'),
    )
  },
  'a portal that sets the path when it goes on': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      query('BEGIN'),
      parse('', `SELECT set_config('search_path', 'shop', false) FROM generate_series(1, 3)`),
      bind('p', ''),
      execute('p', 1),
      sync(),
      DECOY,
      execute('p', 1),
      sync(),
      query('DELETE FROM orders'),
      query('COMMIT'),
    )
  },
  'a portal that sets the path when it goes on, in one group': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      parse('', `SELECT set_config('search_path', 'shop', false) FROM generate_series(1, 3)`),
      bind('p', ''),
      execute('p', 1),
      asked('SET search_path = decoy', 's', 'q'),
      execute('p', 1),
      asked('DELETE FROM orders', 't', 'r'),
      sync(),
    )
  },
  'a portal that goes on without its name': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      parse('', 'SELECT 1 UNION ALL SELECT 2'),
      bind('', ''),
      execute('', 1),
      parse('', 'TABLE shop.secrets'),
      bind('', ''),
      execute(''),
      sync(),
    )
  },
  'two portals that are one to the server': async (stage) => {
    const [one, other] = [`${'p'.repeat(63)}a`, `${'p'.repeat(63)}b`]
    const actor = await stage.session()
    await actor.send(
      query('BEGIN'),
      parse('', 'SELECT 1'),
      bind(one, ''),
      sync(),
      close('P', other),
      parse('', 'TABLE shop.secrets'),
      bind(other, ''),
    )
    await actor.send(execute(one), sync(), query('COMMIT'))
  },
})
