import { evasions } from '../evasion.ts'

/** What a session begins with and how its texts are cut, beyond what is written about. */
export const sessions = evasions('found', {
  'settings of a database, for strings': async (stage) => {
    const first = await stage.session()
    await first.say('ALTER DATABASE @database@ SET standard_conforming_strings = off')
    const second = await stage.session()
    await second.say(`SELECT '\\''; DELETE FROM shop.orders; --'`)
  },
  'settings of a database, kept from the session': async (stage) => {
    const first = await stage.session()
    await first.say('SET search_path = shop')
    await first.say('ALTER DATABASE @database@ SET search_path FROM CURRENT')
    const second = await stage.session()
    await second.say('DELETE FROM orders')
  },
  'replication in the start-up packet': {
    steps: 'TABLE shop.secrets',
    settings: { replication: 'database' },
    harmless: 'The role may not replicate.',
  },
  'GB18030 and a backslash': ['SET client_encoding = GB18030', `SELECT E'あ\\'; DELETE FROM shop.orders; --'`],
  'an escape string that goes on in the next line': `SELECT E'a'\n'\\''; DELETE FROM shop.orders; --'`,
  'a string that goes on behind a comment': `SELECT 'a' -- '\n'b'; DELETE FROM shop.orders; --'`,
  'a string that does not go on behind a comment of another kind': {
    steps: `SELECT 'a' /* */\n'b'; DELETE FROM shop.orders`,
    harmless: 'A syntax error.',
  },
  'a name whose escape comes behind a comment': `DELETE FROM U&"sho!0070" /* ' */ UESCAPE -- '\n '!'.orders`,
  'the name with the database before it, written': 'DELETE FROM @database@.shop.orders',
  'a rollback inside of a message': `BEGIN; SET search_path = shop; ROLLBACK; SET search_path = decoy, shop; DROP TABLE decoy.orders; DELETE FROM orders`,
  'a commit inside of a message': `BEGIN; SET LOCAL search_path = decoy; COMMIT; SET search_path = shop; DELETE FROM orders`,
  'a chain of transactions': [
    'SET search_path = shop',
    'BEGIN',
    'SET LOCAL search_path = decoy',
    'COMMIT AND CHAIN',
    'DELETE FROM orders',
    'COMMIT',
  ],
})
