import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { buildConfig } from './build.ts'
import { checkDocument } from './checks/index.ts'
import { explainIssues } from './explain.ts'
import { document } from './schema/document.ts'
import { describePath, type Finding, parseSource } from './source.ts'

const example = readFileSync(new URL('../../docs/examples/gatescribe.yaml', import.meta.url), 'utf8')
const okta = '  - { name: okta, issuer: "https://acme.okta.com", people: { clientId: 0oa1b2c3, groups: "{groups}" } }\n'
const people = example.replace('resources:\n', `${okta}\nresources:\n`).replace(/( +)token: .*\n/, '$&$1admin: 127.0.0.1:8445\n')
const ask = (more: string) =>
  people.replace('\ntrail:\n', `  - name: ask-first\n    effect: ask\n    do: [postgres.delete]\n${more}\ntrail:\n`)

/** As `loadConfig` does, without refusing what is not enforced yet. */
function judge(text: string): { findings: readonly Finding[]; config: ReturnType<typeof buildConfig> | undefined } {
  const { value } = parseSource('gatescribe.yaml', text)
  const parsed = document.safeParse(value)
  if (!parsed.success) return { findings: explainIssues(parsed.error.issues, value), config: undefined }
  const { errors, warnings } = checkDocument(parsed.data, { folder: '/etc/gatescribe', env: {}, now: Date.parse('2026-08-01T00:00:00Z') })
  return { findings: [...errors, ...warnings], config: errors.length === 0 ? buildConfig(parsed.data, '/etc/gatescribe') : undefined }
}
const brief = (text: string) => judge(text).findings.map(({ code, path }) => `${code.replace('GS_CONFIG_', '')} ${describePath(path)}`)
const last = judge(ask('    approvers: { groups: [okta/sre] }\n')).config!.rules.length - 1

it('says whom a rule asks, for how long and of what', () => {
  const { findings, config } = judge(ask('    approvers: { groups: [okta/sre, okta/dba], count: 2 }\n    for: 30m\n    stream: true\n'))
  expect(findings).toEqual([])
  expect(config?.rules.at(-1)).toMatchObject({ approvers: { groups: ['okta/sre', 'okta/dba'], count: 2 }, for: 1_800_000, stream: true })
})

it('says how people are asked, and what holds where it does not', () => {
  expect(judge(people).config?.approvals).toEqual({ hold: { postgres: 45_000 }, unlinkedLauncher: 'refuse' })
  const { config } = judge(`${people}\napprovals: { hold: { postgres: 20s }, unlinkedLauncher: extra }\n`)
  expect(config?.approvals).toEqual({ hold: { postgres: 20_000 }, unlinkedLauncher: 'extra' })
})

it('takes who started a run again and who wrote its code from claims of its issuer', () => {
  const text = people.replace(/(\n +)launcher: .*/, '$&$1rerunner: "{rerun_actor_id}"$1author: "{author_id}"')
  expect(judge(text).config?.issuers[0]?.run).toMatchObject({ rerunner: '{rerun_actor_id}', author: '{author_id}' })
})

it.each([
  [
    'a group of an issuer that does not sign in people',
    ask('    approvers: { groups: [github/repo:acme/reports] }\n'),
    `INCONSISTENT rules[${last}].approvers.groups[0]`,
  ],
  ['an issuer that is not there', ask('    approvers: { groups: [entra/sre] }\n'), `INCONSISTENT rules[${last}].approvers.groups[0]`],
  ['nobody', ask('    approvers: { groups: [okta/sre], count: 0 }\n'), `WRONG_VALUE rules[${last}].approvers.count`],
  ['more people than will come', ask('    approvers: { groups: [okta/sre], count: 11 }\n'), `WRONG_VALUE rules[${last}].approvers.count`],
  ['an empty selector', ask('    approvers: {}\n'), `WRONG_VALUE rules[${last}].approvers`],
  ['a second', ask('    approvers: { groups: [okta/sre] }\n    for: 1s\n'), `INCONSISTENT rules[${last}].for`],
  ['two days', ask('    approvers: { groups: [okta/sre] }\n    for: 2d\n'), `INCONSISTENT rules[${last}].for`],
  [
    'whom a rule that allows would ask',
    ask('    approvers: { groups: [okta/sre] }\n').replace('effect: ask', 'effect: allow'),
    `INCONSISTENT rules[${last}].approvers`,
  ],
  ['a stream that is denied', ask('    stream: true\n').replace('effect: ask', 'effect: deny'), `INCONSISTENT rules[${last}].stream`],
  ['a hold of a day and more', `${people}\napprovals: { hold: { postgres: 25h } }\n`, 'INCONSISTENT approvals.hold.postgres'],
  ['a word that nobody knows', `${people}\napprovals: { unlinkedLauncher: allow }\n`, 'WRONG_VALUE approvals.unlinkedLauncher'],
  [
    'a budget per resource',
    `${people}\nbudgets: [{ name: a, per: resource, over: 1h, limit: { approvalsAsked: 3 } }]\n`,
    'INCONSISTENT budgets[0].limit.approvalsAsked',
  ],
  [
    'the name of a budget that is there',
    `${people}\nbudgets: [{ name: default-approvals, per: run, limit: { approvalsAsked: 3 } }]\n`,
    'INCONSISTENT budgets[0].name',
  ],
])('refuses %s', (_, text, finding) => {
  expect(brief(text)).toContain(finding)
})

it('warns of a rule that nobody could answer', () => {
  expect(brief(ask(''))).toEqual([`DOUBTFUL rules[${last}].effect`])
  expect(brief(`${ask('')}\nroles: { approver: { groups: [okta/sre] } }\n`)).toEqual([])
})
