import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ConfigError, describeProblem } from './errors.ts'
import { explainIssues } from './explain.ts'
import { document } from './schema/document.ts'
import { parseSource } from './source.ts'
import { findUnsupported } from './unsupported.ts'

/** Every field that wants a secret has one that must never be repeated, whatever else is wrong around it. */
const canary = 'hunter2canary'
const example = readFileSync(new URL('../../docs/examples/gatescribe.yaml', import.meta.url), 'utf8')
  .replace('file:./master.key', canary)
  .replace('"secret:orders-ro"', `"${canary}"`)

/** What the file's own text makes anybody say. */
const said = (text: string): readonly string[] => {
  try {
    const source = parseSource('gatescribe.yaml', text)
    const parsed = document.safeParse(source.value)
    const findings = [...findUnsupported(source.value).findings, ...explainIssues(parsed.error?.issues ?? [], source.value)]
    return findings.map(source.problem).map(describeProblem)
  } catch (error) {
    if (error instanceof ConfigError) return [error.message]
    throw error
  }
}

it('says a refusal of its own, and never the secret, whatever is cut out of a file or put into it', () => {
  let syntax = 0
  let fields = 0
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.nat(example.length),
          fc.nat(6),
          fc.constantFrom(
            '',
            ':',
            ' ',
            '"',
            "'",
            '{',
            '}',
            '[',
            ']',
            ',',
            '\n',
            '- ',
            '&a ',
            '*a',
            '!',
            '#',
            '|',
            '>',
            '? ',
            '\t',
            '\r',
            '\u2028',
            '%',
            '<<: ',
            '---\n',
            '0',
          ),
        ),
        { minLength: 1, maxLength: 4 },
      ),
      (edits) => {
        const text = edits.reduce((edited, [at, cut, put]) => edited.slice(0, at) + put + edited.slice(at + cut), example)
        const lines = said(text)
        if (lines.some((line) => line.includes('GS_CONFIG_SYNTAX'))) syntax++
        else fields++
        // A cut inside the canary leaves a part of it, which is checked as well.
        for (const part of [canary, 'hunter2', '2canary']) expect(lines.join('\n')).not.toContain(part)
      },
    ),
    { numRuns: 500 },
  )
  expect(Math.min(syntax, fields)).toBeGreaterThan(50)
})

it.each([
  ['no space behind the colon', `{ as: reader, user: u, password:${canary} }`],
  ['no colon', `{ as: reader, user: u, password ${canary} }`],
  ['only the value', `{ as: reader, user: u, ${canary} }`],
  ['another field', `{ as: reader, user: u, passwort: ${canary} }`],
  ['a list', `{ as: reader, user: u, password: [${canary}] }`],
  ['a map', `{ as: reader, user: u, password: { ${canary}: x } }`],
  ['instead of the map', canary],
])('does not repeat a secret that stands where it does not belong: %s', (_, credential) => {
  const text = example.replace(/\{ as: reader.*\}/, credential)
  const lines = said(text)
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.join('\n')).not.toContain(canary)
})

it.each([
  ['a claim', '    accept:\n', '    accept:\n      __proto__: "1"\n'],
  ['a database', 'databases: {', 'databases: { __proto__: orders,'],
  ['a section', 'resources:\n', '__proto__: { masks: [] }\nresources:\n'],
])('refuses __proto__ as the name of %s, which libraries drop without a word', (_, here, with__proto__) => {
  const text = example.replace(here, with__proto__)
  expect(text).not.toBe(example)
  expect(said(text).join('\n')).toMatch(/:\d+:\d+ A field cannot be called __proto__\. .*\[GS_CONFIG_SYNTAX\]/)
})
