import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '../..')

it('says of each alert what to do when it rings, and of no other', () => {
  const { groups } = parse(readFileSync(join(root, 'deploy/prometheus/rules.yaml'), 'utf8')) as {
    groups: { rules: { alert?: string }[] }[]
  }
  const alerts = groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => (alert === undefined ? [] : [alert])))
  const told = [...readFileSync(join(root, 'docs/operations.md'), 'utf8').matchAll(/^### (\w+)\n\n(?!#)\S/gm)].map(([, name]) => name)
  expect(alerts.length).toBeGreaterThan(20)
  expect(told.toSorted()).toEqual(alerts.toSorted())
})
