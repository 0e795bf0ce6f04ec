import type { Mask, MaskOperator } from '../src/operations/index.ts'
import { answerMasks } from '../src/protocols/kubernetes/mask/index.ts'
import { cellType } from '../src/protocols/postgres/mask/cell-types.ts'
import { maskValue } from '../src/protocols/postgres/mask/mask-cell.ts'
import { MASKED_FIELDS, type MaskedField } from '../test/parts/masked-fields.ts'
import { FIXED, MASKED_TYPES, type MaskedType } from '../test/parts/masked-types.ts'

/** Where the page is kept, relative to the checkout. */
export const MASKS_PAGE = 'docs/masks.md'

const BEGIN = '<!-- What each operator makes of each type: written by `npm run docs`. -->\n'
const BEGIN_FIELDS = '<!-- What each operator makes of each field: written by `npm run docs`. -->\n'
const END = '<!-- So far. -->\n'

const OPERATORS: readonly MaskOperator[] = ['redact', 'null', 'partial', 'hash', { fixed: FIXED }]
/** Of the examples only. */
const KEY = Buffer.alloc(32, 1)
const LABELS: Readonly<Record<string, readonly string[]>> = { mood: ['calm', 'busy', 'hidden'] }

/** The page with its tables as the code has them. @param page as it is now */
export function masksPage(page: string): string {
  return withTable(withTable(page, BEGIN, table()), BEGIN_FIELDS, fieldTable())
}

function withTable(page: string, marker: string, content: string): string {
  const begin = page.indexOf(marker) + marker.length
  const end = page.indexOf(END, begin)
  if (begin < marker.length || end < begin) throw new TypeError(`${MASKS_PAGE} has no place for the table`)
  return `${page.slice(0, begin)}${content}${page.slice(end)}`
}

/** A mask of one field. */
export const maskOf = ({ selector }: MaskedField, as: MaskOperator): Mask => ({
  ...{ name: 'example', columns: [], fields: [selector], detect: [], patterns: [], as, unmaskedWrite: false, predicates: false },
})

/** What stands in an object where a field is. */
export function valueAt(object: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, name) => (value as Readonly<Record<string | number, unknown>> | undefined)?.[name], object)
}

/** What a field becomes in an answer of the API server. */
export function fieldShownAs(field: MaskedField, as: MaskOperator, key: Uint8Array): unknown {
  const { group, resource, object, path } = field
  const masking = answerMasks({ masks: [maskOf(field, as)], group, resource, subresource: '', verb: 'get', key })
  const { body } = masking?.answer(200, [['Content-Type', 'application/json']]) ?? {}
  const shown = body && Buffer.concat([body.push(Buffer.from(JSON.stringify(object)), 0), body.end()])
  return shown && valueAt(JSON.parse(shown.toString()), path)
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
  const names = OPERATORS.map(nameOf)
  return [`| type | value | ${names.join(' | ')} |`, `|---|---|${names.map(() => '---|').join('')}`, ...lines, ''].join('\n')
}

function fieldTable(): string {
  const said = (value: unknown) => code(typeof value === 'string' ? value : JSON.stringify(value))
  const lines = MASKED_FIELDS.map((field) => {
    const shown = OPERATORS.map((operator) => said(fieldShownAs(field, operator, KEY)))
    return `| ${[code(field.selector), field.at, said(field.value), ...shown].join(' | ')} |`
  })
  return [
    `| covered by | field | value | ${OPERATORS.map(nameOf).join(' | ')} |`,
    `|---|---|---|${OPERATORS.map(() => '---|').join('')}`,
    ...lines,
    '',
  ].join('\n')
}

const nameOf = (operator: MaskOperator) => (typeof operator === 'string' ? `\`${operator}\`` : `\`{ fixed: ${operator.fixed} }\``)

const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``
