import type { MaskOperator } from '../src/operations/index.ts'
import { cellType } from '../src/protocols/postgres/mask/cell-types.ts'
import { maskValue } from '../src/protocols/postgres/mask/mask-cell.ts'
import { FIXED, MASKED_TYPES, type MaskedType } from '../test/parts/masked-types.ts'

/** Where the page is kept, relative to the checkout. */
export const MASKS_PAGE = 'docs/masks.md'

const BEGIN = '<!-- What each operator makes of each type: written by `npm run docs`. -->\n'
const END = '<!-- So far. -->\n'

const OPERATORS: readonly MaskOperator[] = ['redact', 'null', 'partial', 'hash', { fixed: FIXED }]
/** Of the examples only. */
const KEY = Buffer.alloc(32, 1)
const LABELS: Readonly<Record<string, readonly string[]>> = { mood: ['calm', 'busy', 'hidden'] }

/** The page with its table as the code has it. @param page as it is now */
export function masksPage(page: string): string {
  const begin = page.indexOf(BEGIN) + BEGIN.length
  const end = page.indexOf(END)
  if (begin < BEGIN.length || end < begin) throw new TypeError(`${MASKS_PAGE} has no place for the table`)
  return `${page.slice(0, begin)}${table()}${page.slice(end)}`
}

/** What a value becomes, as a client shows it; undefined: NULL. */
export function shownAs({ sql, oid, modifier = -1, value }: MaskedType, operator: MaskOperator, key: Uint8Array): string | undefined {
  const cell = cellType({ type: oid, modifier, format: 0 }, false, LABELS[sql])
  const masked = maskValue(Buffer.from(value), operator, cell, key)
  return masked === null ? undefined : Buffer.from(masked).toString()
}

function table(): string {
  const rows = new Map<string, string[]>()
  for (const type of MASKED_TYPES) {
    const shown = OPERATORS.map((operator) => shownAs(type, operator, KEY))
    // Of those of which nothing is ever shown, one line is enough.
    const nothing = shown.every((one) => one === undefined)
    const key = nothing ? '' : [type.value, ...shown].join('\n')
    rows.set(key, [...(rows.get(key) ?? []), type.sql])
  }
  const lines = [...rows].map(([key, types]) => {
    const cells = key === '' ? ['', ...OPERATORS.map(() => 'NULL')] : key.split('\n').map((text) => (text === '' ? 'NULL' : code(text)))
    return `| ${[types.map(code).join(', '), ...cells].join(' | ')} |`
  })
  const names = OPERATORS.map((operator) => (typeof operator === 'string' ? `\`${operator}\`` : `\`{ fixed: ${operator.fixed} }\``))
  return [`| type | value | ${names.join(' | ')} |`, `|---|---|${names.map(() => '---|').join('')}`, ...lines, ''].join('\n')
}

const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``
