import { bind, execute, message, sync } from '../../../../src/protocols/postgres/wire/build.ts'
import { evasions } from '../evasion.ts'
import { told } from '../marker.ts'
import type { Actor } from '../stage.ts'

const [FUNCTION_CALL, PARSE] = [...'FP'].map((letter) => letter.charCodeAt(0)) as [number, number]

const int16 = (value: number) => Buffer.from([value >> 8, value & 255])
const int32 = (value: number) => Buffer.concat([int16(value >>> 16), int16(value & 0xffff)])

/** What the server answers to a query of one number. */
async function numberOf(actor: Actor, text: string): Promise<number> {
  await actor.say(text)
  return Number([...told(actor.received())].filter((value) => /^\d+$/.test(value)).at(-1) ?? 0)
}
const typeNumber = (actor: Actor, name: string) => numberOf(actor, `SELECT oid FROM pg_type WHERE typname = '${name}'`)
const functionNumber = (actor: Actor, name: string) => numberOf(actor, `SELECT oid FROM pg_proc WHERE proname = '${name}'`)

/** A Parse that names the type of its only parameter by its number, which stands in no text. */
const parseWith = (type: number, text: string, name = '') =>
  message(PARSE, Buffer.concat([Buffer.from(`${name}\0${text}\0`), int16(1), int32(type)]))
const call = (number: number, ...values: readonly string[]) =>
  message(
    FUNCTION_CALL,
    Buffer.concat([
      int32(number),
      int16(0),
      int16(values.length),
      ...values.flatMap((value) => [int32(Buffer.byteLength(value)), Buffer.from(value)]),
      int16(0),
    ]),
  )

const functions = evasions('found', {
  'FunctionCall by the right number': async (stage) => {
    const actor = await stage.session()
    await actor.send(call(await functionNumber(actor, 'purge')), sync())
  },
  'FunctionCall of a function that runs SQL': async (stage) => {
    const actor = await stage.session()
    await actor.send(call(await functionNumber(actor, 'query_to_xml'), 'TABLE shop.secrets', 't', 'f', ''), sync())
  },
  'FunctionCall in a transaction, behind a statement': async (stage) => {
    const actor = await stage.session()
    const number = await functionNumber(actor, 'purge')
    await actor.say('BEGIN')
    await actor.send(call(number))
    await actor.say('COMMIT')
  },
})

/** A session that binds a value to a parameter whose type is given by its number. */
const bound = (type: string, value: string, text = 'SELECT $1') =>
  ({
    steps: async (stage: Parameters<NonNullable<(typeof functions)[number]['play']>>[0]) => {
      const actor = await stage.session()
      await actor.send(parseWith(await typeNumber(actor, type), text), bind('', '', [value]), execute(''), sync())
    },
  }) as const

const types = evasions(
  'found',
  {
    'a parameter of a domain by its number': bound('checked', 'x'),
    'a parameter of a domain over a domain by its number': bound('checked_twice', 'x'),
    'a parameter of an array of a domain by its number': bound('_checked', '{x}'),
    'a parameter of a composite with a domain by its number': bound('wrapped', '(x)'),
    'a parameter of an array of composites by its number': bound('_wrapped', '{(x)}'),
    'a parameter of a domain by its number, for a function of text': bound('checked', 'x', 'SELECT length($1)'),
    'a parameter of a domain by its number, for a plain table': bound('checked', 'x', 'SELECT word FROM shop.harmless WHERE word = $1'),
    'a parameter of a domain by its number, that is not shown': bound('checked', 'x', 'SELECT 1 WHERE $1 IS NOT NULL'),
    'a parameter of a type with a cast by its number': bound('pair', '(1,2)', 'SELECT length($1)'),
    'a parameter of a domain by its number, in another session’s statement': async (stage) => {
      const actor = await stage.session()
      const number = await typeNumber(actor, 'checked')
      await actor.send(parseWith(number, 'SELECT $1', 's'), sync())
      await actor.say(`EXECUTE s('x')`)
    },
  },
  { typed: true },
)

/** Functions and types that are named by their numbers, in no text at all. */
export const numbers = [...functions, ...types]
