import { type ColumnHint, columnHint } from '../../../masking/index.ts'

/** A column as the target's catalog describes it. */
export interface ColumnFacts {
  readonly name: string
  readonly quoted: string
  /** Of a domain, the type that it is made of. */
  readonly type: string
  /** pg_type.typcategory. */
  readonly category: string
  /** The same of the elements of an array. */
  readonly elements: string
  readonly readable: boolean
}

export interface WorthReading {
  /** `name`: only by its name. */
  readonly as: 'text' | 'json' | 'array' | 'name'
  readonly hint: ColumnHint | undefined
  /** Whether somebody may have written something there, so that it can hold names: no numbers and addresses of networks. */
  readonly prose: boolean
}

const JSON_TYPES: ReadonlySet<string> = new Set(['json', 'jsonb'])
/** What holds text, although its category is the one for everything else. */
const TEXT_TYPES: ReadonlySet<string> = new Set(['xml', 'hstore', 'public.hstore'])

/** Numbers and dates that speak by their name: a card or a phone number may be stored as a number, a day of birth is one. */
const NUMBERS: ReadonlySet<ColumnHint | undefined> = new Set<ColumnHint>(['card', 'phone', 'us-ssn', 'iban', 'identity', 'secret'])

/**
 * Whether something of a column is looked at, and as what: text, network addresses, JSON, arrays and rows of such; numbers only where the name
 * speaks for it. Of a date, the name is all there is to look at.
 * @returns undefined where it is left alone
 */
export function worthReading({ name, type, category, elements }: ColumnFacts): WorthReading | undefined {
  const hint = columnHint(name)
  if (JSON_TYPES.has(type)) return { as: 'json', hint, prose: true }
  if (category === 'S' || category === 'I' || category === 'C' || TEXT_TYPES.has(type)) return { as: 'text', hint, prose: category !== 'I' }
  if (category === 'A') return 'SIC'.includes(elements) || isJsonArray(type) ? { as: 'array', hint, prose: elements !== 'I' } : undefined
  if (category === 'N') return NUMBERS.has(hint) ? { as: 'text', hint, prose: false } : undefined
  return category === 'D' && hint === 'birth' ? { as: 'name', hint, prose: false } : undefined
}

const isJsonArray = (type: string) => type.endsWith('[]') && JSON_TYPES.has(type.slice(0, -2))
