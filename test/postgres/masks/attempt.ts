import * as build from '../../../src/protocols/postgres/wire/build.ts'

/** Something that shows the canary to whoever may ask the server itself. */
export interface Attempt {
  readonly name: string
  /** Sent one after the other; each is answered with so many ReadyForQuery as it asks for. */
  readonly steps: readonly Step[]
}

export interface Step {
  readonly bytes: Buffer
  readonly readies: number
}

export const simple = (text: string): Step => ({ bytes: build.query(text), readies: 1 })

/** One group of messages of the extended protocol. */
export const group = (...messages: Buffer[]): Step => ({ bytes: Buffer.concat([...messages, build.sync()]), readies: 1 })

/** A Bind that wants every column in this format. */
export function bound(portal: string, statement: string, format: 0 | 1): Buffer {
  const text = build.bind(portal, statement)
  const tail = Buffer.alloc(4)
  tail.writeUInt16BE(1, 0)
  tail.writeUInt16BE(format, 2)
  const whole = Buffer.concat([text.subarray(0, text.length - 2), tail])
  whole.writeUInt32BE(whole.length - 1, 1)
  return whole
}

/** FunctionCall (PostgreSQL protocol, "Function Call"). @param format of its result */
export function functionCall(oid: number, values: readonly string[], format: 0 | 1 = 0): Step {
  const words = (...numbers: number[]) => Buffer.concat(numbers.map((each) => Buffer.from([each >> 8, each & 0xff])))
  const int32 = (each: number) => Buffer.concat([words(each >> 16), words(each & 0xffff)])
  const cells = values.flatMap((value) => [int32(Buffer.byteLength(value)), Buffer.from(value)])
  return { bytes: build.message(0x46, Buffer.concat([int32(oid), words(0, values.length), ...cells, words(format)])), readies: 1 }
}

/** Within a transaction that is undone; what is prepared would outlive that. */
export function undone(name: string, ...steps: readonly Step[]): Attempt {
  return { name, steps: [simple('deallocate all'), simple('begin'), ...steps, simple('rollback')] }
}
