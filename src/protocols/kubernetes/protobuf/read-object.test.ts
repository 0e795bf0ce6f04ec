import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBody } from '../request/index.ts'

const MAGIC = Buffer.from('k8s\0')

/** One field of bytes. */
function part(number: number, content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content as Uint8Array)
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}

const number = (field: number, value: number) => Buffer.concat([varint(field << 3), varint(value)])
const entry = (key: string, value: string) => Buffer.concat([part(1, key), part(2, value)])

/** As a client sends it. */
const envelope = (raw: Uint8Array, { apiVersion = 'v1', kind = 'Secret' } = {}, more: Uint8Array = Buffer.alloc(0)) =>
  Buffer.concat([MAGIC, part(1, Buffer.concat([part(1, apiVersion), part(2, kind)])), part(2, raw), more])

const secret = Buffer.concat([
  part(1, Buffer.concat([part(1, 'name'), part(2, ''), part(12, entry('a/b', 'c'))])),
  part(2, entry('k', 'v')),
  part(3, 'Opaque'),
])

const read = (bytes: Uint8Array) => readBody('protobuf', bytes)

describe('an object in protobuf', () => {
  it('is read as JSON would say it', () => {
    expect(read(envelope(secret))).toEqual({
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: { name: 'name', annotations: { 'a/b': 'c' } },
      data: { k: 'dg==' },
      type: 'Opaque',
    })
    expect(read(envelope(part(2, number(1, 1)), { apiVersion: 'apps/v1', kind: 'Deployment' }))).toMatchObject({ spec: { replicas: 1 } })
  })

  it.each([
    ['a field that is not known', envelope(Buffer.concat([secret, part(99, 'x')]))],
    ['a field that is there twice', envelope(Buffer.concat([secret, part(3, 'kubernetes.io/service-account-token')]))],
    ['a key that is there twice', envelope(Buffer.concat([secret, part(2, entry('k', 'w'))]))],
    ['a kind that is not known', envelope(secret, { kind: 'Sekret' })],
    ['a kind of another group', envelope(secret, { apiVersion: 'example.com/v1' })],
    ['a name that is one of an object of ours', envelope(secret, { apiVersion: 'constructor/v1', kind: 'x' })],
    ['an encoding', envelope(secret, {}, part(3, 'gzip'))],
    ['another content type', envelope(secret, {}, part(4, 'application/json'))],
    ['two contents', Buffer.concat([envelope(secret), part(2, secret)])],
    ['a text that is not UTF-8', envelope(part(3, Buffer.from([0xff])))],
    ['another wire type', envelope(number(3, 1))],
    ['no beginning', part(1, 'x')],
  ])('is not known where it has %s', (_, bytes) => {
    expect(read(bytes)).toBeUndefined()
  })

  it('is not known where it is cut, wherever that is', () => {
    const whole = envelope(secret)
    for (let at = 1; at < whole.length; at++) expect(read(whole.subarray(0, at))).not.toEqual(read(whole))
  })

  it('is read or not, and nothing else, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(envelope(secret).length - 1), fc.nat(255), (raw, at, byte) => {
        read(envelope(raw))
        const changed = envelope(secret)
        changed[at] = byte
        read(changed)
      }),
      { numRuns: 3000 },
    )
    const deep = Array.from({ length: 1000 }).reduce<Buffer>((inner) => part(1, inner), Buffer.alloc(0))
    expect(read(envelope(deep))).toBeUndefined()
  })
})
