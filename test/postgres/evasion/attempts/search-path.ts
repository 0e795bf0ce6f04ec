import { evasions } from '../evasion.ts'

const PURGE = 'DELETE FROM orders'
/** A path by which `orders` is a table of no worth; what follows is to make it another one unseen. */
const DECOY = 'SET search_path = decoy'

const published = evasions('published', {
  'SET SCHEMA': [DECOY, `SET SCHEMA 'shop'`, PURGE],
  'SET in other letters': [DECOY, 'SET "search_path" TO Shop', PURGE],
  'SET with several': [DECOY, 'SET SEARCH_PATH TO nowhere, "shop", decoy', PURGE],
  'SET LOCAL': [DECOY, 'BEGIN', 'SET LOCAL search_path TO shop', PURGE, 'COMMIT'],
  'SET SESSION': [DECOY, 'SET SESSION search_path = shop', PURGE],
  'SET to the default': ['ALTER DATABASE @database@ SET search_path = shop', DECOY, 'SET search_path TO DEFAULT', 'SELECT 1']
    .slice(0, 0)
    .concat([DECOY, 'RESET search_path', 'SET search_path = shop', PURGE]),
  'a path in the start-up packet': { steps: PURGE, settings: { search_path: 'shop' } },
  'a path in the options of the start-up packet': { steps: PURGE, settings: { options: '-c search_path=shop' } },
  'a path in the options, escaped': { steps: PURGE, settings: { options: '-csearch_path=decoy\\,shop --search-path=shop' } },
  'a role in the start-up packet': { steps: PURGE, settings: { role: 'shop_app', search_path: 'shop' } },
  'SET ROLE and what it has': [DECOY, 'SET ROLE helper_role', 'RESET ROLE', 'SET search_path = shop', PURGE],
  'SET SESSION AUTHORIZATION': [DECOY, 'SET SESSION AUTHORIZATION shop_app', 'SET search_path = shop', PURGE],
  'DISCARD ALL': { steps: ['SET search_path = shop', 'DISCARD ALL', 'SET search_path = shop', PURGE] },
  'RESET ALL in the middle': ['RESET ALL', 'SET search_path = shop', 'RESET work_mem', PURGE],
})

const found = evasions('found', {
  'a path FROM CURRENT': { steps: [DECOY, 'SET search_path FROM CURRENT', 'SET search_path = shop', PURGE] },
  'a path of one quoted name that looks like two': [
    'CREATE SCHEMA "decoy, shop"',
    `CREATE TABLE "decoy, shop".orders (id int)`,
    `SET search_path = 'decoy, shop'`,
    `DROP TABLE orders`,
    `SELECT set_config('search_path', 'shop', false)`,
    PURGE,
  ],
  'a path of names that are quoted twice': [DECOY, `SELECT set_config('search_path', '"nowhere"  ,   "shop" ', false)`, PURGE],
  'a path in capital letters by set_config': [DECOY, `SELECT set_config('search_path', 'SHOP', false)`, PURGE],
  'a path with pg_temp last': ['SET search_path = shop, pg_temp', 'CREATE TEMP TABLE orders (id int)', PURGE],
  'a path with pg_temp last, in one message': `SET search_path = shop, pg_temp; CREATE TEMP TABLE orders (id int); ${PURGE}`,
  'a path with the user’s own schema': [
    'CREATE SCHEMA shop_app',
    'CREATE TABLE shop_app.orders (id int)',
    'SET search_path = "$user", shop',
    'DROP SCHEMA shop_app CASCADE',
    PURGE,
  ],
  'a path with the user’s own schema, as another': [
    'CREATE SCHEMA helper_role',
    'GRANT USAGE ON SCHEMA helper_role TO PUBLIC',
    'CREATE TABLE helper_role.orders (id int)',
    'SET search_path = "$user", shop',
    'SET ROLE helper_role',
    'RESET ROLE',
    PURGE,
  ],
  'a schema that is not for the role any more, in a transaction': [
    'SET search_path = decoy, shop',
    'BEGIN',
    'REVOKE ALL ON SCHEMA decoy FROM shop_app',
    PURGE,
    'COMMIT',
  ],
  'a schema that is not for the role any more, in one message': `SET search_path = decoy, shop; REVOKE ALL ON SCHEMA decoy FROM shop_app; ${PURGE}`,
  'a schema that is not for the role any more': ['SET search_path = decoy, shop', 'REVOKE ALL ON SCHEMA decoy FROM shop_app', PURGE],
  'a role that may not use a schema': [
    'GRANT USAGE ON SCHEMA shop TO helper_role',
    'GRANT ALL ON ALL TABLES IN SCHEMA shop TO helper_role',
    'SET search_path = decoy, shop',
    'SET ROLE helper_role',
    PURGE,
  ],
  'a role that may not use a schema, set by set_config': [
    'GRANT USAGE ON SCHEMA shop TO helper_role',
    'GRANT ALL ON ALL TABLES IN SCHEMA shop TO helper_role',
    'SET search_path = decoy, shop',
    `SELECT set_config('role', 'helper_role', false)`,
    PURGE,
  ],
  'a role that may not use a schema, reading': [
    'GRANT USAGE ON SCHEMA shop TO helper_role',
    'GRANT ALL ON ALL TABLES IN SCHEMA shop TO helper_role',
    'SET search_path = decoy, shop',
    'SET ROLE helper_role',
    'TABLE secrets',
  ],
  'a schema that is dropped': ['SET search_path = decoy, shop', 'DROP SCHEMA decoy CASCADE', PURGE],
  'a schema that is dropped in a transaction': ['SET search_path = decoy, shop', 'BEGIN', 'DROP SCHEMA decoy CASCADE', PURGE, 'COMMIT'],
  'a schema that is renamed': ['SET search_path = decoy, shop', 'ALTER SCHEMA decoy RENAME TO lure', PURGE],
  'a table that is dropped': ['SET search_path = decoy, shop', 'DROP TABLE orders', PURGE],
  'a table that is dropped in a transaction': ['SET search_path = decoy, shop', 'BEGIN', 'DROP TABLE decoy.orders', PURGE, 'COMMIT'],
  'a table that is dropped in one message': `SET search_path = decoy, shop; DROP TABLE decoy.orders; ${PURGE}`,
  'a table that is renamed in a transaction': ['SET search_path = decoy, shop', 'BEGIN', 'ALTER TABLE orders RENAME TO x', PURGE, 'COMMIT'],
  'a table that is made and rolled back': [
    'DROP TABLE decoy.orders',
    'SET search_path = decoy, shop',
    'BEGIN',
    'CREATE TABLE decoy.orders (id int)',
    'ROLLBACK',
    PURGE,
  ],
  'a table that is made and rolled back to': [
    'DROP TABLE decoy.orders',
    'SET search_path = decoy, shop',
    'BEGIN',
    'SAVEPOINT a',
    'CREATE TABLE decoy.orders (id int)',
    'ROLLBACK TO a',
    PURGE,
    'COMMIT',
  ],
  'a table that is made by a statement that fails': [
    'DROP TABLE decoy.orders',
    'SET search_path = decoy, shop',
    'CREATE TABLE decoy.orders AS SELECT 1/0',
    PURGE,
  ],
  'a table that is made and dropped': [
    'DROP TABLE decoy.orders',
    'SET search_path = decoy, shop',
    'BEGIN',
    'CREATE TABLE decoy.orders (id int)',
    'DROP TABLE decoy.orders',
    PURGE,
    'COMMIT',
  ],
  'a table that is moved into the way and out again': [
    'SET search_path = decoy, shop',
    'BEGIN',
    'ALTER TABLE decoy.orders SET SCHEMA public',
    PURGE,
    'COMMIT',
  ],
  'a role whose settings are changed, seen by the next session': async (stage) => {
    const first = await stage.session()
    await first.say('ALTER ROLE shop_app IN DATABASE @database@ SET search_path = shop')
    const second = await stage.session()
    await second.say('DELETE FROM orders')
  },
  'a database whose settings are changed, seen by the next session': async (stage) => {
    const first = await stage.session()
    await first.say(`ALTER DATABASE @database@ SET search_path = shop, decoy`)
    const second = await stage.session()
    await second.say('DELETE FROM orders')
  },
  'strings whose backslashes are changed for the next session': async (stage) => {
    const first = await stage.session()
    await first.say('ALTER ROLE shop_app IN DATABASE @database@ SET standard_conforming_strings = off')
    const second = await stage.session()
    await second.say(`SELECT '\\''; DELETE FROM shop.orders; --'`)
  },
  'a setting that is taken back by RESET of a later default': async (stage) => {
    const first = await stage.session()
    await first.say('SET search_path = decoy')
    const second = await stage.session()
    await second.say('ALTER ROLE shop_app IN DATABASE @database@ SET search_path = shop')
    await first.say('RESET search_path')
    await first.say('DELETE FROM orders')
    const third = await stage.session()
    await third.say('SET search_path = decoy')
    await third.say('RESET search_path')
    await third.say('DELETE FROM orders')
  },
})

/** The path by which a name is found, and what lies on it. */
export const searchPath = [...published, ...found]
