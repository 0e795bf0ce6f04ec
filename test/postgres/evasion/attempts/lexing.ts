import { evasions } from '../evasion.ts'

const PURGE = 'DELETE FROM shop.orders'
const FAR = ' '.repeat(600)
/** In SJIS the second byte of many characters is a backslash; these, in UTF-8, end with one that begins such a character there. */
const HALF = 'Ã'

const published = evasions('published', {
  'inline comment in a keyword': { steps: 'DEL/**/ETE FROM shop.orders', harmless: 'A comment ends a word: it is a syntax error.' },
  'comment of another product': { steps: '/*!50000 DELETE FROM shop.orders */', harmless: 'It is a comment and nothing else.' },
  'hash as a comment': { steps: 'SELECT 1 # DELETE FROM shop.orders', harmless: '# is an operator, and this is no expression.' },
  'tabs and newlines': 'DELETE\tFROM\n\rshop\t.\norders',
  'form feed': 'DELETE\fFROM\fshop.orders',
  'vertical tab': 'DELETE\vFROM\vshop.orders',
  'no white space': 'DELETE FROM"shop"."orders"',
  'parentheses around': '(((SELECT code FROM shop.secrets)))',
  'byte order mark': { steps: `\ufeff${PURGE}`, harmless: 'It is a letter: a syntax error.' },
  'non-breaking spaces': { steps: 'DELETE\u00a0FROM\u00a0shop.orders', harmless: 'They are letters: a syntax error.' },
  'ideographic space': { steps: 'DELETE\u3000FROM\u3000shop.orders', harmless: 'It is a letter: a syntax error.' },
  'full-width letters': { steps: 'ＤＥＬＥＴＥ FROM shop.orders', harmless: 'They are other letters.' },
  'letters that look alike': { steps: 'DELETE FROM shop.оrders', harmless: 'Another name, that nothing has.' },
  'dotless i': { steps: 'INSERT ıNTO shop.orders (id) VALUES (9999)', harmless: 'Another letter: a syntax error.' },
  'a kelvin sign for k': { steps: 'SELECT * FROM shop.secrets FOR \u212AEY SHARE', harmless: 'Another letter: a syntax error.' },
  'E strings with octal and hex': `DO E'BEGIN \\x44ELETE FROM shop.\\157rders; END'`,
  'unicode strings': `DO U&'BEGIN \\0044ELETE FROM shop.orders; END'`,
  'unicode strings with another escape': `DO U&'BEGIN !0044ELETE FROM shop.orders; END' UESCAPE '!'`,
  'strings in pieces over lines': `DO 'BEGIN DEL'\n'ETE FROM shop.orders; END'`,
  'a null byte': {
    steps: `SELECT 1\0; ${PURGE}`,
    harmless: 'A text ends with its first null byte, and the message with it: the protocol is broken.',
  },
  'concatenation of a name': `DO $$ BEGIN EXECUTE format('DELETE FROM %I.%I', 'shop', 'orders'); END $$`,
  chr: `DO $$ BEGIN EXECUTE chr(68) || 'ELETE FROM shop.orders'; END $$`,
  'hex decoded': `DO $$ BEGIN EXECUTE convert_from(decode('44454c4554452046524f4d2073686f702e6f7264657273', 'hex'), 'UTF8'); END $$`,
  'a string that only seems to end': `SELECT 'it''s'; ${PURGE}; --'`,
  'an identifier with quotes in it': `SELECT 1 AS "a""; "; ${PURGE}; --"`,
  'stacked behind a dollar quote': `SELECT $q$'$q$; ${PURGE}; --'`,
  'stacked behind nested comments': `SELECT /* ' /* " */ ' */ 1; ${PURGE} /* */`,
  'line comment at the end of a carriage return': `SELECT 1 --\r${PURGE};\nDELETE FROM shop.orders`,
  'scientific notation before a keyword': { steps: `SELECT 1eFROM shop.secrets`, harmless: 'A syntax error from PostgreSQL 15 on.' },
  'SJIS by SET': ['SET client_encoding = SJIS', `SELECT E'${HALF}\\'; ${PURGE}; --'`],
  'SJIS by SET NAMES': [`SET NAMES 'SJIS'`, `SELECT E'${HALF}\\'; ${PURGE}; --'`],
  'SJIS by set_config': [`SELECT set_config('client_encoding', 'sjis', false)`, `SELECT E'${HALF}\\'; ${PURGE}; --'`],
  'BIG5 and a backslash': ['SET client_encoding = BIG5', `SELECT E'奥\\'; ${PURGE}; --'`],
  'GBK and a backslash': ['SET client_encoding = GBK', `SELECT E'あ\\'; ${PURGE}; --'`],
  'LATIN1 and a name beyond ASCII': {
    steps: ['SET client_encoding = LATIN1', 'SELECT 1 AS "é"; DELETE FROM shop.orders'],
  },
  'scs off in the start-up packet': { steps: `SELECT '\\''; ${PURGE}; --'`, settings: { standard_conforming_strings: 'off' } },
  'scs off in the options of the start-up packet': {
    steps: `SELECT '\\''; ${PURGE}; --'`,
    settings: { options: '-c standard_conforming_strings=off' },
  },
})

const found = evasions('found', {
  'scs off and on again for nothing': [
    'SET standard_conforming_strings = off',
    'BEGIN',
    'SET LOCAL standard_conforming_strings = on',
    'ROLLBACK',
    `SELECT '\\''; ${PURGE}; --'`,
  ],
  'scs off in a transaction': ['BEGIN', 'SET LOCAL standard_conforming_strings = off', `SELECT '\\''; ${PURGE}; --'`, 'COMMIT'],
  'scs off behind a savepoint': [
    'SET standard_conforming_strings = off',
    'BEGIN',
    'SAVEPOINT a',
    'SET standard_conforming_strings = on',
    'ROLLBACK TO a',
    `SELECT '\\''; ${PURGE}; --'`,
    'COMMIT',
  ],
  'scs off by pg_settings': [
    `UPDATE pg_catalog.pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'`,
    `SELECT '\\''; ${PURGE}; --'`,
  ],
  'scs off within an identifier': ['SET standard_conforming_strings = off', `SELECT 1 AS U&"\\0061", '\\''; ${PURGE}; --'`],
  'client_encoding by pg_settings': [
    `UPDATE pg_settings SET setting = 'SJIS' WHERE name = 'client_encoding'`,
    `SELECT E'${HALF}\\'; ${PURGE}; --'`,
  ],
  'client_encoding back by DISCARD': [
    'SET client_encoding = SJIS',
    'BEGIN',
    'SET LOCAL client_encoding = UTF8',
    'COMMIT',
    `SELECT E'${HALF}\\'; ${PURGE}; --'`,
  ],
  'an identifier longer than it counts': ['SET search_path = shop', `WITH ${'o'.repeat(70)} AS (SELECT 1) ${PURGE}`],
  'a statement behind a long comment': `/* ${FAR} */ ${PURGE}`,
  'a statement behind many spaces': `${FAR}${FAR}${PURGE}`,
  'a statement before a long comment': `${PURGE} /* ${FAR} */`,
  'exactly as long as is read in place': `${PURGE} /* ${'x'.repeat(512 - PURGE.length - 7)} */`,
  'one byte more than is read in place': `${PURGE} /* ${'x'.repeat(513 - PURGE.length - 7)} */`,
  'a very long text': `SELECT '${'x'.repeat(200_000)}'; ${PURGE}`,
  'longer than anything is read': { steps: `SELECT '${'x'.repeat(3_000_000)}'; ${PURGE}` },
  'deep parentheses': { steps: `SELECT ${'('.repeat(190)}1${')'.repeat(190)}; ${PURGE}` },
  'parentheses deeper than are read': `SELECT ${'('.repeat(900)}1${')'.repeat(900)}; ${PURGE}`,
  'a chain of a thousand operators': `SELECT ${'1 + '.repeat(1000)}1; ${PURGE}`,
  'comments nested deeper than are read': `${'/* '.repeat(40)}${' */'.repeat(40)} ${PURGE}`,
  'dollar quotes with a tag beyond ASCII': `DO $ñ$ BEGIN DELETE FROM shop.orders; END $ñ$`,
  'an operator that looks like a comment': `SELECT 1 +-- \n 1; ${PURGE}`,
  'an operator with a comment in it': `SELECT 1 */* ; */-1; ${PURGE}`,
  'U& names with a surrogate pair': { steps: 'DELETE FROM U&"shop\\D83D\\DE00".orders', harmless: 'Another name, that nothing has.' },
  'U& names with another escape': `DELETE FROM U&"sho!0070" UESCAPE '!'.orders`,
  'U& names with a quote as an escape': { steps: `DELETE FROM U&"shop" UESCAPE ''''.orders`, harmless: 'A quote may not be an escape.' },
  'names of 63 bytes and more': {
    steps: [`CREATE SCHEMA ${'s'.repeat(63)}`, `ALTER SCHEMA shop RENAME TO ${'t'.repeat(70)}`, `DELETE FROM ${'t'.repeat(66)}.orders`],
  },
  'a numeric literal of newer versions': { steps: 'SELECT 0x1 FROM shop.harmless', harmless: 'A syntax error before PostgreSQL 16.' },
  'E strings over a line': `DO E'BEGIN D\\x45L'\n'\\x45TE FROM shop.orders; END'`,
  'bit strings and national strings': `SELECT N'a', B'1', X'1F'; ${PURGE}`,
  'a dollar after an identifier': { steps: `SELECT 1 AS a$$; ${PURGE}; --$$` },
  'a parameter sign before a dollar quote': { steps: `SELECT $1$$; ${PURGE}; --$$`, harmless: 'There is no parameter.' },
  'quotes inside of a line comment': `SELECT 1 -- '\n; ${PURGE} -- '`,
  'carriage return inside of a line comment': `SELECT 1 --\r;${PURGE}`,
})

/** Texts that two readers of SQL may cut into words differently. */
export const lexing = [...published, ...found]
