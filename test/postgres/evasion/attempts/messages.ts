import { bind, close, copyData, copyDone, execute, message, parse, query, sync } from '../../../../src/protocols/postgres/wire/build.ts'
import { evasions } from '../evasion.ts'
import { asked } from '../stage.ts'

const DECOY = query('SET search_path = decoy')
const SHOP = query('SET search_path = shop')
const functionCall = (oid: number) => {
  const body = Buffer.alloc(10)
  body.writeUInt32BE(oid)
  return message('F'.charCodeAt(0), body)
}

const checklist = evasions('checklist', {
  FunctionCall: {
    steps: async (stage) => {
      const actor = await stage.session()
      // Oids are given in order: shop.purge is somewhere behind the first that users get.
      await actor.send(functionCall(16384), sync())
    },
    harmless: 'The number of the function is guessed, and wrong.',
  },
  'a statement behind an error without Sync': async (stage) => {
    const actor = await stage.session()
    await actor.send(asked('SELECT 1/0'), asked('DELETE FROM shop.orders'), sync(), asked('DELETE FROM shop.orders'), sync())
  },
  'several groups at once': async (stage) => {
    const actor = await stage.session()
    await actor.send(asked('SELECT 1'), sync(), asked('DELETE FROM shop.orders'), sync(), query('SELECT 1'))
  },
  'copy of rows in the extended protocol': async (stage) => {
    const actor = await stage.session()
    actor.throw(asked('COPY shop.orders (id) FROM STDIN'), sync())
    await stage.pause()
    actor.throw(copyData(Buffer.from('9999\n')), copyDone())
    await actor.send(sync())
  },
  'copy of rows': async (stage) => {
    const actor = await stage.session()
    actor.throw(query('COPY shop.orders (id) FROM STDIN'))
    await stage.pause()
    actor.throw(copyData(Buffer.from('9999\n')), copyDone())
    await actor.send(query('SELECT 1'))
  },
  'copy of rows to a parent': async (stage) => {
    const actor = await stage.session()
    actor.throw(query('COPY shop.vault FROM STDIN'))
    await stage.pause()
    actor.throw(copyData(Buffer.from('1\tx\n')), copyDone())
    await actor.send(query('SELECT 1'))
  },
  'copy in several statements': async (stage) => {
    const actor = await stage.session()
    actor.throw(query('SELECT 1; COPY shop.orders (id) FROM STDIN; SELECT 2'))
    await stage.pause()
    actor.throw(copyData(Buffer.from('9999\n')), copyDone())
    await actor.send(query('SELECT 1'))
  },
})

const found = evasions('found', {
  'a group that is not committed at its Sync': async (stage) => {
    const actor = await stage.session()
    await actor.say('CREATE TABLE shop.mine (k int REFERENCES shop.accounts DEFERRABLE INITIALLY DEFERRED)')
    await actor.send(SHOP)
    await actor.send(
      asked('SET search_path = decoy'),
      asked('INSERT INTO shop.mine VALUES (999)'),
      sync(),
      asked('DELETE FROM orders'),
      sync(),
    )
  },
  'a name that the server cuts off': async (stage) => {
    const long = 's'.repeat(70)
    const actor = await stage.session()
    await actor.send(DECOY, parse(long, 'DELETE FROM orders'), sync(), SHOP, query(`EXECUTE ${long.slice(0, 63)}`))
  },
  'two names that are one to the server': async (stage) => {
    const [one, other] = [`${'s'.repeat(63)}a`, `${'s'.repeat(63)}b`]
    const actor = await stage.session()
    await actor.send(DECOY, parse(one, 'SELECT 1'), sync(), close('S', other), parse(other, 'DELETE FROM orders'), sync(), SHOP)
    await actor.send(bind('', one), execute(''), sync())
  },
  'a name beyond ASCII': async (stage) => {
    const actor = await stage.session()
    await actor.send(DECOY, parse('é', 'DELETE FROM orders'), sync(), SHOP, query('EXECUTE "é"'))
  },
  'SET and Query at once': async (stage) => {
    const actor = await stage.session()
    await actor.send(DECOY, SHOP, query('DELETE FROM orders'))
  },
  'an encoding and Query at once': async (stage) => {
    const actor = await stage.session()
    await actor.send(query('SET client_encoding = SJIS'), query(`SELECT E'Ã\\'; DELETE FROM shop.orders; --'`))
  },
  'an encoding by pg_settings and Query at once': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      query(`UPDATE pg_settings SET setting = 'SJIS' WHERE name = 'client_encoding'`),
      query(`SELECT E'Ã\\'; DELETE FROM shop.orders; --'`),
    )
  },
  'strings by pg_settings and Query at once': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      query(`UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'`),
      query(`SELECT '\\''; DELETE FROM shop.orders; --'`),
    )
  },
  'a temporary table and Parse at once': async (stage) => {
    const actor = await stage.session()
    await actor.send(SHOP, query('CREATE TEMP TABLE orders (id int) ON COMMIT DROP'), asked('DELETE FROM orders'), sync())
  },
  'a text that ends with its first null byte': {
    steps: async (stage) => {
      const actor = await stage.session()
      await actor.send(parse('s\0DELETE FROM shop.orders', ''), sync(), query('DELETE FROM shop.orders\0SELECT 1'))
    },
    harmless: 'The server says that the message is broken.',
  },
  'a text of bytes that are no UTF-8': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      query('SET client_encoding = SJIS'),
      message('Q'.charCodeAt(0), Buffer.from(`SELECT E'\x83\\'; DELETE FROM shop.orders; --'\0`, 'latin1')),
    )
  },
  'a text that is longer than UTF-8 allows': {
    steps: async (stage) => {
      const actor = await stage.session()
      await actor.send(message('Q'.charCodeAt(0), Buffer.from(`SELECT '\xc0\xa7; DELETE FROM shop.orders; --'\0`, 'latin1')))
    },
    harmless: 'The server refuses such bytes too.',
  },
  'a cut-off character before a quote': {
    steps: async (stage) => {
      const actor = await stage.session()
      await actor.send(message('Q'.charCodeAt(0), Buffer.from(`SELECT '\xe3\x81'; DELETE FROM shop.orders; --'\0`, 'latin1')))
    },
    harmless: 'The server refuses such bytes too.',
  },
  'a message within a message': {
    steps: async (stage) => {
      const actor = await stage.session()
      await actor.send(query(`SELECT '${query('DELETE FROM shop.orders').toString('latin1').replaceAll('\0', 'x')}'`))
    },
    harmless: 'What is inside of a message is its text.',
  },
  'a parameter as a name of a relation': {
    steps: async (stage) => {
      const actor = await stage.session()
      await actor.send(
        parse('', 'SELECT $1::regclass, pg_relation_size($1::regclass)'),
        bind('', '', ['shop.secrets']),
        execute(''),
        sync(),
      )
    },
    harmless: 'The size of a table is not what is in it.',
  },
  'a parameter for a function that runs SQL': async (stage) => {
    const actor = await stage.session()
    await actor.send(parse('', `SELECT query_to_xml($1, true, false, '')`), bind('', '', ['TABLE shop.secrets']), execute(''), sync())
  },
})

/** Messages that no driver sends, or not in this order. */
export const messages = [...checklist, ...found]
