import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { jsonSchema } from './json-schema.ts'

interface Node {
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  /** Several forms of one thing. */
  readonly anyOf?: readonly Node[]
  readonly oneOf?: readonly Node[]
}

/** Every field of the schema, by its own name. */
function fieldsOf({ properties = {}, items, anyOf = [], oneOf = [] }: Node): string[] {
  return [
    ...Object.entries(properties).flatMap(([name, field]) => [name, ...fieldsOf(field)]),
    ...(items ? fieldsOf(items) : []),
    ...[...anyOf, ...oneOf].flatMap(fieldsOf),
  ]
}

it('documents every field that the schema has', () => {
  const page = readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8')
  const fields = fieldsOf(JSON.parse(jsonSchema()) as Node)
  expect(fields.length).toBeGreaterThan(40)
  const missing = fields.filter((field) => !new RegExp(`\`([a-z]+\\.)?${field}\`|^## ${field}$`, 'im').test(page))
  // `listen`, `tls` and other maps are documented by what they hold.
  expect(missing.filter((field) => !page.includes(`${field}.`))).toEqual([])
})
