import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ConfigError } from '../errors.ts'
import { loadConfig } from '../load.ts'

const example = readFileSync(new URL('../../../docs/examples/gatescribe.yaml', import.meta.url), 'utf8')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-checks-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Problems of the example with some texts replaced: errors where it is refused, warnings where it is not. `code path`. */
const judge = (...changes: readonly (readonly [string, string])[]) => {
  let text = example
  for (const [from, to] of changes) {
    expect(text).toContain(from)
    text = text.replace(from, to)
  }
  writeFileSync(join(folder, 'gatescribe.yaml'), text)
  try {
    return loadConfig(join(folder, 'gatescribe.yaml'), {}, Date.parse('2026-08-01T00:00:00Z')).warnings
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}
const brief = (problems: ReturnType<typeof judge>) => problems.map(({ code, path }) => `${code.replace('GS_CONFIG_', '')} ${path}`)

const rule = (text: string) => ['rules:\n', `rules:\n${text}\n`] as const
const secondResource = (more: string) =>
  [
    'rules:\n',
    `  - name: billing\n    kind: postgres\n    address: 127.0.0.1:5433\n    credentials: [{ as: a, user: u }]\n${more}\nrules:\n`,
  ] as const
const secondIssuer = (more: string) =>
  ['resources:\n', `  - name: ci\n    audience: aud\n    run: { id: ["{run}"] }\n${more}\nresources:\n`] as const

it.each<[string, string, string, string]>([
  [
    'sub is matched',
    '      ref_protected: "true"',
    '      sub: "repo:acme/reports:*"\n      ref_protected: "true"',
    'INCONSISTENT issuers[0].accept.sub',
  ],
  [
    'an id is matched by a glob',
    'repository_owner_id: "1234567"',
    'repository_owner_id: "1*"',
    'INCONSISTENT issuers[0].accept.repository_owner_id',
  ],
  ['nothing pins what runs', '      ref_protected: "true"\n', '', 'DOUBTFUL issuers[0].accept'],
  ['a group says not what kind it is', 'groups: ["repo:{repository}"]', 'groups: ["{repository}"]', 'INCONSISTENT issuers[0].groups'],
  ['a run is named by no claim', '"{run_id}", ', '"run", ', 'INCONSISTENT issuers[0].run.id'],
  ['http is plain', 'issuer: https://token', 'issuer: http://token', 'INCONSISTENT issuers[0].issuer'],
  [
    'http on this machine is not asked for',
    'issuer: https://token.actions.githubusercontent.com',
    'issuer: http://127.0.0.1:8080',
    'INCONSISTENT issuers[0].issuer',
  ],
  [
    'a host only looks like this machine',
    'issuer: https://token.actions.githubusercontent.com',
    'insecureLoopback: true\n    issuer: http://127.0.0.1.example.org',
    'INCONSISTENT issuers[0].issuer',
  ],
  ['both doors share an address', 'token: 0.0.0.0:8444', 'token: 0.0.0.0:5432', 'INCONSISTENT gateway.listen.token'],
  ["a host is the gateway's own name", 'hosts: [orders.internal]', 'hosts: [GW.example.org]', 'INCONSISTENT resources[0].hosts[0]'],
  [
    'a target is reached in plaintext',
    'tls: { verify: full, ca: file:./orders-ca.pem }',
    'tls: { verify: off }',
    'DOUBTFUL resources[0].tls.verify',
  ],
  ['a variable is not set', '"secret:orders-ro"', '"env:GATESCRIBE_NOT_SET"', 'DOUBTFUL resources[0].credentials[0].password'],
  ['a rule names an unknown resource', 'resources: [orders-db]', 'resources: [order-db]', 'INCONSISTENT rules[0].on.resources[0]'],
  ['a rule names an unknown issuer', '"github/repo:acme/reports"', '"gihub/repo:acme/reports"', 'INCONSISTENT rules[0].who.groups[0]'],
  ['two rules have one name', 'name: freeze', 'name: reports-may-use-orders', 'INCONSISTENT rules[1].name'],
  ['a rule has expired', '2026-12-01T06:00:00Z', '2026-07-31T23:59:59Z', 'DOUBTFUL rules[1].until'],
  ['a rule is about people', 'on: { tags: [pii] }', 'who: { kind: person }', 'DOUBTFUL rules[1].who.kind'],
  ['a tag is on no resource', 'on: { tags: [pii] }', 'on: { tags: [pi] }', 'DOUBTFUL rules[1].on'],
  ['a rule for good overrides another', '    until: 2026-12-01T06:00:00Z\n', '', 'DOUBTFUL rules[0].name'],
  [
    'a group is of a kind that its issuer does not give',
    '"github/repo:acme/reports"',
    '"github/env:prod"',
    'DOUBTFUL rules[0].who.groups[0]',
  ],
  ['a group is not percent-encoded', '"github/repo:acme/reports"', '"github/repo:acme/reports "', 'DOUBTFUL rules[0].who.groups[0]'],
  ['an issuer gives no groups', '    groups: ["repo:{repository}"]\n', '', 'DOUBTFUL rules[0].who.groups[0]'],
])('is found where %s', (_, from, to, expected) => {
  expect(brief(judge([from, to]))).toEqual([expected])
})

it('accepts http on a loopback address where it is asked for', () => {
  for (const url of ['http://127.0.0.1:8080', 'http://[::1]:8080', 'http://localhost:8080']) {
    expect(judge(['issuer: https://token.actions.githubusercontent.com', `insecureLoopback: true\n    issuer: ${url}`])).toEqual([])
  }
})

it('refuses an issuer that matches names only, and accepts one that names its own immutable claim', () => {
  expect(brief(judge(secondIssuer('    issuer: https://ci.example.org\n    accept: { project: acme/reports }')))).toEqual([
    'INCONSISTENT issuers[1].accept',
  ])
  const named = '    issuer: https://ci.example.org\n    accept: { tenant: t-1, project: acme/reports }\n    immutable: [tenant]'
  expect(judge(secondIssuer(named))).toEqual([])
  expect(brief(judge(secondIssuer(named.replace('[tenant]', '[tenant_id]'))))).toEqual([
    'INCONSISTENT issuers[1].accept',
    'INCONSISTENT issuers[1].immutable[0]',
  ])
})

it('refuses two issuers that one token could belong to', () => {
  const same = '    issuer: https://token.actions.githubusercontent.com\n    accept: { repository_id: "1", environment: prod }'
  expect(brief(judge(secondIssuer(same)))).toEqual(['INCONSISTENT issuers[1].issuer'])
})

it('refuses two resources with one name, host or alias', () => {
  const more = '    hosts: [Orders.Internal]\n    aliases: [orders-prod]'
  expect(brief(judge(secondResource(more)))).toEqual(['INCONSISTENT resources[1].hosts[0]', 'INCONSISTENT resources[1].aliases[0]'])
  expect(brief(judge(secondResource(''), ['name: billing', 'name: orders-db']))).toEqual(['INCONSISTENT resources[1].name'])
})

it('asks whether an unknown name was meant to be a known one', () => {
  expect(judge(['resources: [orders-db]', 'resources: [order-db]'])[0]!.next).toBe('Did you mean orders-db?')
})

it('does not call a rule unreachable that narrower, weaker or shorter rules stand beside', () => {
  expect(judge(rule('  - { name: shorter, effect: deny, until: 2026-09-01T00:00:00Z, do: [postgres.*] }'))).toEqual([])
  expect(judge(rule('  - { name: narrower, effect: deny, who: { groups: ["github/repo:x"] }, do: [postgres.*] }'))).toEqual([])
  expect(brief(judge(rule('  - { name: same, effect: allow, do: [postgres.*] }')))).toEqual(['DOUBTFUL rules[1].name'])
})

it('calls a rule unreachable by what it does, not only by whom it is about', () => {
  const freeze = ['    do: [postgres.*]\n    say:', '    do: [postgres.write, postgres.define]\n    say:'] as const
  const forGood = ['    until: 2026-12-01T06:00:00Z\n', ''] as const
  const first = (effects: string, more = '') =>
    ['    do: [postgres.*]\n  - name: freeze', `    do: [${effects}]${more}\n  - name: freeze`] as const
  expect(judge(freeze, forGood, first('postgres.read'))).toEqual([])
  expect(judge(freeze, forGood, first('postgres.read, postgres.insert'))).toEqual([])
  expect(brief(judge(freeze, forGood, first('postgres.insert, postgres.create table')))).toEqual(['DOUBTFUL rules[0].name'])
  expect(brief(judge(freeze, forGood, first('postgres.insert', '\n    when: sql.bounded')))).toEqual(['DOUBTFUL rules[0].name'])
  const conditional = ['    say: The', '    when: sql.bounded\n    say: The'] as const
  expect(judge(freeze, conditional, forGood, first('postgres.insert'))).toEqual([])
})

it('calls a second rule unreachable only where the first grants as much', () => {
  const second = (more: string) => judge(rule(`  - { name: same, effect: allow, do: [postgres.*]${more} }`)).length
  expect(second('')).toBe(1)
  expect(second(', limits: { rows: 5 }')).toBe(1)
  expect(second(', limits: { statementBytes: 1KiB }')).toBe(0)
  expect(second(', when: sql.bounded')).toBe(0)
})

it('asks of an allow that goes through all of a list whether the list may be empty', () => {
  const when = (effect: string, condition: string) =>
    brief(judge(rule(`  - { name: a, effect: ${effect}, who: { groups: ["github/repo:a"] }, do: [postgres.write], when: '${condition}' }`)))
  const all = 'sql.writes.all(t, t.startsWith("staging."))'
  expect(when('allow', all)).toEqual(['DOUBTFUL rules[0].when'])
  expect(when('allow', `size(sql.writes) > 0 && ${all}`)).toEqual([])
  expect(when('allow', `sql.writes.size() > 0 && ${all}`)).toEqual([])
  expect(when('allow', `sql.writes != [] && ${all}`)).toEqual([])
  expect(when('allow', `size(sql.reads) > 0 && ${all}`)).toEqual(['DOUBTFUL rules[0].when'])
  expect(when('deny', all)).toEqual([])
  expect(when('allow', '1 == 1')).toEqual(['DOUBTFUL rules[0].when'])
})

it('refuses limits of a rule that grants nothing', () => {
  expect(
    brief(judge(rule('  - { name: a, effect: deny, do: [postgres.read], limits: { rows: 5 }, until: 2026-09-01T00:00:00Z }'))),
  ).toEqual(['INCONSISTENT rules[0].limits'])
})
