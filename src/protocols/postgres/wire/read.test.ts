import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as build from './build.ts'
import { WireError } from './errors.ts'
import { readBind, readCommandTag, readExecute, readNamed, readParse, readQuery, readTransactionStatus } from './read.ts'

/** The message between other bytes, so that a reader which looks beyond its end is found out. */
function placed<T>(read: (bytes: Uint8Array, start: number, end: number) => T, message: Uint8Array): T {
  return read(Buffer.concat([Buffer.from('\0a\0'), message, Buffer.from('\0b\0')]), 3, 3 + message.length)
}
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

describe('readers', () => {
  it('reads what the builders write', () => {
    expect(text(placed(readQuery, build.query('select 1')))).toBe('select 1')
    const parsed = placed(readParse, build.parse('s1', 'select 2'))
    expect([parsed.name, text(parsed.text)]).toEqual(['s1', 'select 2'])
    const bound = placed(readBind, build.bind('p1', 's1', ['a', null]))
    expect([bound.portal, bound.statement]).toEqual(['p1', 's1'])
    expect(Buffer.from(bound.parameters)).toEqual(Buffer.from('0000000200000001' + '61' + 'ffffffff' + '0000', 'hex'))
    expect(placed(readExecute, build.execute('p1', 7))).toBe('p1')
    expect(placed(readNamed, build.describe('S', 's1'))).toEqual({ kind: 'statement', name: 's1' })
    expect(placed(readNamed, build.close('P', ''))).toEqual({ kind: 'portal', name: '' })
    expect(placed(readTransactionStatus, build.readyForQuery(0x54))).toBe(0x54)
    expect(placed(readCommandTag, build.message(0x43, Buffer.from('COPY 12\0')))).toBe('COPY 12')
  })

  it('tells a parameter of a type that does not come with PostgreSQL', () => {
    const typed = (...types: number[]) => {
      const rest = Buffer.alloc(2 + 4 * types.length)
      rest.writeUInt16BE(types.length)
      for (const [at, type] of types.entries()) rest.writeUInt32BE(type, 2 + 4 * at)
      return placed(readParse, build.message(0x50, Buffer.concat([Buffer.from('s\0select $1\0'), rest]))).userTypes
    }
    expect([typed(), typed(0, 25), typed(16_383)]).toEqual([false, false, false])
    expect([typed(25, 16_384), typed(4_294_967_295), typed(1 << 24, 25), typed(65_536)]).toEqual([true, true, true, true])
  })

  it('keeps names apart that are not UTF-8', () => {
    const name = (byte: number): string => placed(readExecute, build.message(0x45, Uint8Array.of(byte, 0, 0, 0, 0, 0)))
    expect(name(0xfe)).not.toBe(name(0xff))
  })

  it('refuses a message whose parts do not fill it exactly', () => {
    const cut = (message: Uint8Array, by: number): Uint8Array => message.subarray(0, message.length - by)
    expect(() => placed(readQuery, cut(build.query('select 1'), 1))).toThrow(WireError)
    expect(() => placed(readQuery, build.query('select 1\0; drop table t'))).toThrow(WireError)
    expect(() => placed(readParse, cut(build.parse('s', 'select 1'), 1))).toThrow(WireError)
    expect(() => placed(readParse, build.parse('s', 'select 1\0drop'))).toThrow(WireError)
    expect(() => placed(readExecute, cut(build.execute('p'), 1))).toThrow(WireError)
    expect(() => placed(readNamed, build.message(0x44, Buffer.from('Xs\0')))).toThrow(WireError)
    expect(() => placed(readTransactionStatus, build.readyForQuery(0x51))).toThrow(WireError)
  })

  it('answers any bytes with a message or a WireError', () => {
    const readers = [readQuery, readParse, readBind, readCommandTag, readExecute, readNamed, readTransactionStatus, readCommandTag]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(readers.length - 1), (body, which) => {
        try {
          placed(readers[which] as typeof readQuery, build.message(0x51, body))
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }),
    )
  })
})
