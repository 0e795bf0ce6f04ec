import { message, sync } from '../../../../src/protocols/postgres/wire/build.ts'
import { evasions } from '../evasion.ts'
import { told } from '../marker.ts'
import type { Actor } from '../stage.ts'

const FUNCTION_CALL = 'F'.charCodeAt(0)

const int16 = (value: number) => Buffer.from([value >> 8, value & 255])
const int32 = (value: number) => Buffer.concat([int16(value >>> 16), int16(value & 0xffff)])

/** What the server answers to a query of one number. */
async function numberOf(actor: Actor, text: string): Promise<number> {
  await actor.say(text)
  return Number([...told(actor.received())].filter((value) => /^\d+$/.test(value)).at(-1) ?? 0)
}
const functionNumber = (actor: Actor, name: string) => numberOf(actor, `SELECT oid FROM pg_proc WHERE proname = '${name}'`)

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

/** Functions that are called by their numbers, in no text at all. */
export const numbers = evasions('found', {
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
