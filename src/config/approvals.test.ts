import { describe, expect, it } from 'vitest'
import { brief, EXAMPLE, judge, EXAMPLE_WITH_PEOPLE as people } from '../../test/parts/judged-config.ts'

const ask = (more: string) =>
  people.replace('\ntrail:\n', `  - name: ask-first\n    effect: ask\n    do: [postgres.delete]\n${more}\ntrail:\n`)

const last = judge(ask('    approvers: { groups: [okta/sre] }\n')).config!.rules.length - 1

it('says whom a rule asks, for how long and of what', () => {
  const { findings, config } = judge(ask('    approvers: { groups: [okta/sre, okta/dba], count: 2 }\n    for: 30m\n    stream: true\n'))
  expect(findings).toEqual([])
  expect(config?.rules.at(-1)).toMatchObject({ approvers: { groups: ['okta/sre', 'okta/dba'], count: 2 }, for: 1_800_000, stream: true })
})

it('says how people are asked, and what holds where it does not', () => {
  expect(judge(people).config?.approvals).toEqual({
    hold: { postgres: 45_000, kubernetes: 600_000, http: 45_000, model: 60_000, mcp: 20_000, egress: 20_000 },
    unlinkedLauncher: 'refuse',
    channels: [],
  })
  const { config } = judge(`${people}\napprovals: { hold: { postgres: 20s, kubernetes: 70s, http: 15s }, unlinkedLauncher: extra }\n`)
  expect(config?.approvals).toEqual({
    hold: { postgres: 20_000, kubernetes: 70_000, http: 15_000, model: 60_000, mcp: 20_000, egress: 20_000 },
    unlinkedLauncher: 'extra',
    channels: [],
  })
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
  ['a hold of a second, of requests', `${people}\napprovals: { hold: { kubernetes: 1s } }\n`, 'INCONSISTENT approvals.hold.kubernetes'],
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

describe('channels', () => {
  const channels = (text: string, base = people) => `${base}\napprovals:\n  channels:\n${text}`
  const hook = '    - webhook: { url: "https://hooks.example/a", secret: secret:hook }\n'
  const slack = (more = '') => `    - slack: { token: secret:slack, signingSecret: secret:signing, channel: "#approvals"${more} }\n`

  it('say where requests are told of, and who may answer there', () => {
    const { findings, config } = judge(channels(hook + slack(', users: { U024BE7LH: okta/00u1/a }')))
    expect(findings).toEqual([])
    expect(config?.approvals.channels).toEqual([
      { kind: 'webhook', url: 'https://hooks.example/a', secret: { from: 'secret', name: 'hook' }, insecureLoopback: false },
      {
        kind: 'slack',
        url: 'https://slack.com',
        token: { from: 'secret', name: 'slack' },
        signingSecret: { from: 'secret', name: 'signing' },
        channel: '#approvals',
        users: { U024BE7LH: { issuer: 'okta', subject: '00u1/a' } },
        insecureLoopback: false,
      },
    ])
    const loopback = channels(`    - webhook: { url: "http://127.0.0.1:9/a", secret: secret:hook, insecureLoopback: true }\n`)
    expect(judge(loopback).findings).toEqual([])
  })

  const at = 'approvals.channels[0]'
  it.each([
    ['nothing', '    []\n', 'WRONG_VALUE approvals.channels'],
    ['a word', '    - slack\n', `WRONG_VALUE ${at}`],
    ['two in one', `${hook.trimEnd()}\n      slack: { token: secret:a, signingSecret: secret:b, channel: "#a" }\n`, `WRONG_VALUE ${at}`],
    ['another kind', '    - teams: { url: "https://x.example" }\n', `UNKNOWN_FIELD ${at}.teams`],
    ['a secret itself', hook.replace('secret:hook', 'hunter2'), `LITERAL_SECRET ${at}.webhook.secret`],
    ['the token itself', slack().replace('secret:slack', 'xoxb-1'), `LITERAL_SECRET ${at}.slack.token`],
    ['no secret', '    - webhook: { url: "https://hooks.example/a" }\n', `MISSING_FIELD ${at}.webhook.secret`],
    ['http', hook.replace('https:', 'http:'), `INCONSISTENT ${at}.webhook.url`],
    ['http to this machine that is not meant', hook.replace('https://hooks.example', 'http://127.0.0.1'), `INCONSISTENT ${at}.webhook.url`],
    [
      'http to another machine that is',
      hook.replace('https:', 'http:').replace('hook }', 'hook, insecureLoopback: true }'),
      `INCONSISTENT ${at}.webhook.url`,
    ],
    ['a URL with a user', hook.replace('hooks.', 'a:b@hooks.'), `WRONG_VALUE ${at}.webhook.url`],
    ['a channel of another form', slack().replace('#approvals', 'approvals'), `WRONG_VALUE ${at}.slack.channel`],
    ['two of Slack', slack() + slack(), 'INCONSISTENT approvals.channels[1].slack'],
    ['a user by name', slack(', users: { ada: okta/1 }'), `WRONG_VALUE ${at}.slack.users.ada`],
    ['nobody', slack(', users: { U024BE7LH: ada }'), `WRONG_VALUE ${at}.slack.users.U024BE7LH`],
    ['a job', slack(', users: { U024BE7LH: github/1 }'), `INCONSISTENT ${at}.slack.users.U024BE7LH`],
  ])('refuse %s', (_, text, finding) => {
    expect(brief(channels(text))).toContain(finding)
  })

  it('are for where people sign in', () => {
    expect(brief(channels(hook, EXAMPLE))).toContain('INCONSISTENT approvals.channels')
  })
})
