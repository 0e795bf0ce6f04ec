import type { ResultField } from '../wire/row-description.ts'

/**
 * What a replacement has to decode as. `plain`: cannot hold a text, such as numbers and times; `address`: inet and cidr; `other`: everything of
 * which nothing but NULL may stand for a value.
 */
export type CellKind = 'text' | 'json' | 'uuid' | 'bytes' | 'address' | 'plain' | 'other'

export interface CellType {
  readonly kind: CellKind
  readonly binary: boolean
  /** Binary jsonb has a byte in front that says its version. */
  readonly versioned: boolean
  /** Characters that a column has room for; undefined: any number. */
  readonly longest: number | undefined
  /** char(n): filled up with blanks. */
  readonly filled: boolean
  /** Of an enum, where they are known. */
  readonly labels: readonly string[] | undefined
}

const TEXT = 25
const NAME = 19
const BPCHAR = 1042
const VARCHAR = 1043
/** A literal whose type nobody said. */
const UNKNOWN = 705
const JSON_TEXT = 114
const JSON_BINARY = 3802
const UUID = 2950
const BYTEA = 17
const CIDR = 650
const INET = 869
/** NAMEDATALEN - 1 */
const LONGEST_NAME = 63
/** VARHDRSZ: what a modifier of varchar and char counts beside the characters. */
const MODIFIER_BESIDE = 4

/** pg_type.oid, by what a type is. Built in, so the same on every server. */
const KINDS = new Map<number, CellKind>([
  ...kinds('text', TEXT, NAME, BPCHAR, VARCHAR, UNKNOWN),
  ...kinds('json', JSON_TEXT, JSON_BINARY),
  ...kinds('uuid', UUID),
  ...kinds('bytes', BYTEA),
  ...kinds('address', CIDR, INET),
  // bool, int8, int2, int4, oid, float4, float8, numeric, money
  ...kinds('plain', 16, 20, 21, 23, 26, 700, 701, 1700, 790),
  // date, time, timestamp, timestamptz, interval, timetz
  ...kinds('plain', 1082, 1083, 1114, 1184, 1186, 1266),
  // tid, xid, cid, xid8, pg_lsn, macaddr, macaddr8, bit, varbit
  ...kinds('plain', 27, 28, 29, 5069, 3220, 829, 774, 1560, 1562),
  // point, lseg, path, box, polygon, line, circle
  ...kinds('plain', 600, 601, 602, 603, 604, 628, 718),
  // Arrays: bool, int8, int2, int2vector, int4, oid, oidvector, float4, float8, numeric, money
  ...kinds('plain', 1000, 1016, 1005, 22, 1007, 1028, 30, 1021, 1022, 1231, 791),
  // Arrays: date, time, timestamp, timestamptz, interval, timetz, uuid
  ...kinds('plain', 1182, 1183, 1115, 1185, 1187, 1270, 2951),
  // Ranges and multiranges: int4, num, ts, tstz, date, int8
  ...kinds('plain', 3904, 3906, 3908, 3910, 3912, 3926, 4451, 4532, 4533, 4534, 4535, 4536),
])

/**
 * @param splits the client encoding may have a quote or backslash as half a character: JSON cannot be read there
 * @param labels of the type, where it is an enum
 */
export function cellType(
  { type, modifier, format }: Pick<ResultField, 'type' | 'modifier' | 'format'>,
  splits: boolean,
  labels: readonly string[] | undefined,
): CellType {
  const kind = KINDS.get(type) ?? 'other'
  const limited = (type === VARCHAR || type === BPCHAR) && modifier >= MODIFIER_BESIDE
  return {
    kind: kind === 'json' && splits ? 'other' : kind,
    binary: format === 1,
    versioned: type === JSON_BINARY && format === 1,
    longest: type === NAME ? LONGEST_NAME : limited ? modifier - MODIFIER_BESIDE : undefined,
    filled: type === BPCHAR,
    labels,
  }
}

function kinds(kind: CellKind, ...types: readonly number[]): (readonly [number, CellKind])[] {
  return types.map((type) => [type, kind])
}
