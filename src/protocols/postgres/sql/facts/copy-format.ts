import type { CopyTo } from '../statement-facts.ts'
import { as, constant, text } from './tree.ts'

const FORMATS: ReadonlySet<string> = new Set(['text', 'csv', 'binary'])
/** Options of COPY TO that change nothing of how a value is read: csv quotes more of them than it needs. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['force_quote'])

/**
 * How the content of a COPY TO is written (PostgreSQL: COPY, “Parameters”).
 * @returns undefined where an option is not known, or means nothing
 */
export function copyFormat(options: readonly unknown[]): CopyTo | undefined {
  const given = new Map<string, string>()
  for (const option of options) {
    const element = as(option, 'DefElem') ?? {}
    const name = text(element, 'defname').toLowerCase()
    if (WITHOUT_EFFECT.has(name)) continue
    const value = element.arg === undefined ? 'true' : constant(element.arg)
    if (!KNOWN.has(name) || value === undefined || given.has(name)) return undefined
    given.set(name, value)
  }
  const format = given.get('format')?.toLowerCase() ?? 'text'
  const header = readHeader(given.get('header'))
  if (!isFormat(format) || header === undefined) return undefined
  const csv = format === 'csv'
  const quote = given.get('quote') ?? '"'
  const encoding = given.get('encoding')
  return {
    format,
    delimiter: given.get('delimiter') ?? (csv ? ',' : '\t'),
    quote,
    escape: given.get('escape') ?? quote,
    null: given.get('null') ?? (csv ? '' : '\\N'),
    header,
    ...(encoding !== undefined && { encoding }),
  }
}

const KNOWN: ReadonlySet<string> = new Set(['format', 'delimiter', 'null', 'header', 'quote', 'escape', 'encoding'])

const isFormat = (format: string): format is CopyTo['format'] => FORMATS.has(format)

function readHeader(value = 'false'): boolean | undefined {
  if (/^(true|on|1)$/i.test(value)) return true
  return /^(false|off|0)$/i.test(value) ? false : undefined
}
