import type { Json } from '../../../operations/index.ts'
import { type Field, fieldsOf, NotRead } from '../../http/protobuf/index.ts'
import { GROUPS } from './generated.ts'
import { type Described, messageNamed } from './message.ts'

/** What every object in protobuf begins with (apimachinery, serializer/protobuf). */
const MAGIC = Buffer.from('k8s\0', 'latin1')

/** Deeper than any object: schemas of custom resources are no messages. */
const MAX_DEPTH = 64

type Mapping = Record<string, Json>

/** Parses what is JSON within a message. @throws where it is none */
export type ParseJson = (bytes: Uint8Array) => Json

/**
 * An object as an API server's clients send it in protobuf, as JSON says it: without what is empty and need not be said.
 *
 * @param json for fields that hold JSON
 * @returns undefined where it cannot be read in one way, is of a kind that is not known here, or has a field that is not
 */
export function readProtobuf(bytes: Uint8Array, json: ParseJson): Json | undefined {
  if (Buffer.compare(bytes.subarray(0, MAGIC.length), MAGIC) !== 0) return undefined
  try {
    // runtime.Unknown: who says what is inside, and how that is written.
    const unknown = single(fieldsOf(bytes.subarray(MAGIC.length)))
    if ([...unknown.keys()].some((number) => number > 4)) return undefined
    for (const number of [3, 4]) if (textOf(unknown.get(number)) !== '') return undefined
    const type = single(fieldsOf(bytesOf(unknown.get(1))))
    const [apiVersion, kind] = [textOf(type.get(1)), textOf(type.get(2))]
    const name = messageOf(apiVersion, kind)
    if (name === undefined || !messageNamed(name)) return undefined
    const object = message(name, bytesOf(unknown.get(2)), json, 0)
    return isMapping(object) ? { kind, apiVersion, ...object } : undefined
  } catch {
    return undefined
  }
}

/** Options belong to no group, and come under the names of all of them. */
const OPTIONS: ReadonlySet<string> = new Set(['DeleteOptions', 'CreateOptions', 'UpdateOptions', 'PatchOptions'])

function messageOf(apiVersion: string, kind: string): string | undefined {
  if (kind === '' || apiVersion === '') return undefined
  if (OPTIONS.has(kind)) return `meta.v1.${kind}`
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  if (group === undefined || !Object.hasOwn(GROUPS, group)) return undefined
  return `${GROUPS[group]}.${version}.${kind}`
}

/** By number. @throws NotRead where one is there twice: Go would merge or replace it */
function single(fields: readonly Field[]): Map<number, Field> {
  const found = new Map(fields.map((field) => [field.number, field]))
  if (found.size < fields.length) throw new NotRead()
  return found
}

function bytesOf(field: Field | undefined): Uint8Array {
  if (field === undefined) return new Uint8Array(0)
  if (field.wire !== 'bytes') throw new NotRead()
  return field.bytes
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(field: Field | undefined): string {
  return UTF8.decode(bytesOf(field))
}

/** @throws NotRead, or whatever text and JSON within it break with */
function message(name: string, bytes: Uint8Array, json: ParseJson, depth: number): Json | undefined {
  if (depth > MAX_DEPTH) throw new NotRead()
  const fields = fieldsOf(bytes)
  const special = SPECIAL[name]
  if (special) return special(single(fields), json)
  const { fields: described, isList } = messageNamed(name) ?? {}
  if (!described) throw new NotRead()
  const found: Mapping = {}
  const seen = new Set<number>()
  for (const field of fields) {
    const known = described.get(field.number)
    // A newer server may know what it means.
    if (!known) throw new NotRead()
    if (known.shape === 'one' && seen.has(field.number)) throw new NotRead()
    seen.add(field.number)
    add(found, field, known, json, depth + 1)
  }
  return isList ? (found.items ?? []) : found
}

function add(found: Mapping, field: Field, { name, shape, type, omitsEmpty }: Described, json: ParseJson, depth: number): void {
  if (shape === 'map') {
    const entry = single(fieldsOf(bytesOf(field)))
    const map = opened(found, name ?? '', {}) as Mapping
    const key = textOf(entry.get(1))
    if (Object.hasOwn(map, key) || key === '__proto__') throw new NotRead()
    const item = entry.get(2)
    map[key] = (item === undefined ? undefined : value(item, type, json, depth)) ?? emptyOf(type)
    return
  }
  const said = value(field, type, json, depth)
  if (name === undefined) {
    if (!isMapping(said)) throw new NotRead()
    for (const [inner, each] of Object.entries(said)) {
      if (Object.hasOwn(found, inner)) throw new NotRead()
      found[inner] = each
    }
    return
  }
  if (shape === 'list') {
    const list = opened(found, name, []) as Json[]
    list.push(said ?? emptyOf(type))
    return
  }
  if (said === undefined || (omitsEmpty && isEmpty(said))) return
  found[name] = said
}

/** What is collected under a name, from now on this where there was nothing. */
function opened(found: Mapping, name: string, fresh: Json): Json {
  const before = found[name]
  if (before !== undefined) return before
  found[name] = fresh
  return fresh
}

function value(field: Field, type: string, json: ParseJson, depth: number): Json | undefined {
  switch (type) {
    case 'string':
      return textOf(field)
    case 'bytes':
      return Buffer.from(bytesOf(field)).toString('base64')
    case 'bool':
      return integer(field) !== 0
    case 'int32':
    case 'int64':
      return integer(field)
    case 'double':
      if (field.wire !== 'fixed64') throw new NotRead()
      return new DataView(field.bytes.buffer, field.bytes.byteOffset, 8).getFloat64(0, true)
    default:
      return message(type, bytesOf(field), json, depth)
  }
}

function integer(field: Field | undefined): number {
  if (field === undefined) return 0
  if (field.wire !== 'varint') throw new NotRead()
  const number = Number(BigInt.asIntN(64, field.value))
  if (!Number.isSafeInteger(number)) throw new NotRead()
  return number
}

function isEmpty(said: Json): boolean {
  return said === '' || said === 0 || said === false || (isMapping(said) && Object.keys(said).length === 0)
}

function emptyOf(type: string): Json {
  return type === 'string' || type === 'bytes' ? '' : type === 'bool' ? false : type.startsWith('int') || type === 'double' ? 0 : {}
}

function isMapping(said: Json | undefined): said is Mapping {
  return typeof said === 'object' && said !== null && !Array.isArray(said)
}

type Special = (fields: ReadonlyMap<number, Field>, json: ParseJson) => Json | undefined

/** A moment. Nothing at all is no moment. @param digits of a second's fraction */
const moment =
  (digits: 0 | 6): Special =>
  (fields) => {
    if (fields.size === 0) return undefined
    const [seconds, nanos] = [integer(fields.get(1)), integer(fields.get(2))]
    const whole = new Date(seconds * 1000).toISOString().slice(0, 19)
    return digits === 0 ? `${whole}Z` : `${whole}.${String(Math.trunc(nanos / 1000)).padStart(6, '0')}Z`
  }

const embedded: Special = (fields, json) => json(bytesOf(fields.get(1)))

/** Messages that are something else in JSON. */
const SPECIAL: Readonly<Record<string, Special>> = {
  'meta.v1.Time': moment(0),
  'meta.v1.MicroTime': moment(6),
  // Written in words of Go (`1h0m0s`), and nowhere in what clients send.
  'meta.v1.Duration': () => {
    throw new NotRead()
  },
  'meta.v1.FieldsV1': embedded,
  'runtime.RawExtension': embedded,
  'resource.Quantity': (fields) => textOf(fields.get(1)),
  'intstr.IntOrString': (fields) => (integer(fields.get(1)) === 0 ? integer(fields.get(2)) : textOf(fields.get(3))),
}
