import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { rulesIn } from '../config/index.ts'
import { checkRules, testRules } from './rehearsing.ts'

const read = (name: string) => readFileSync(join(import.meta.dirname, '../../docs/examples', name), 'utf8')
const configuration = read('rules.yaml')
const NOW = Date.parse('2026-08-01T00:00:00Z')
const CASES = `
schema: |
  CREATE TABLE public.orders (id int, total int);
on: ${rulesIn(configuration).resources[0]!.name}
who: { groups: [github/repo:acme/reports] }
cases:
  - { name: they read, sql: SELECT total FROM orders, expect: allow }
  - { name: they take all away, sql: DELETE FROM orders, expect: allow }
`

it('runs cases against rules that somebody sent, and says which come out otherwise', async () => {
  const answer = await testRules({ configuration, cases: CASES }, {} as never, NOW)
  expect(answer).toMatchObject({ passed: 1, failed: 1 })
  expect(answer.cases.map(({ name, passed, found }) => [name, passed, found.effect])).toEqual([
    ['they read', true, 'allow'],
    ['they take all away', false, 'deny'],
  ])
})

it('opens no file for them', async () => {
  const cases = CASES.replace(/schema: \|\n.*\n/, 'schema: file:/etc/passwd\n')
  await expect(testRules({ configuration, cases }, {} as never, NOW)).rejects.toMatchObject({ code: 'GS_CONFIG_WRONG_VALUE' })
})

it('refuses rules that would be refused', async () => {
  expect(checkRules(configuration, NOW)).toMatchObject({ ok: true, problems: [] })
  const wrong = configuration.replace('effect: deny', 'effect: denied')
  expect(checkRules(wrong, NOW)).toMatchObject({
    ok: false,
    problems: [expect.objectContaining({ path: expect.stringContaining('effect') })],
  })
  await expect(testRules({ configuration: wrong, cases: CASES }, {} as never, NOW)).rejects.toMatchObject({ code: 'GS_CONFIG_WRONG_VALUE' })
})

it('says what masks refuse, from statements as they stand', async () => {
  const { name } = rulesIn(configuration).resources[0]!
  const masked = `${configuration}
masks:
  - { name: contact, on: { resources: [${name}] }, columns: [orders.public.customers.email], as: partial }
`
  const cases = `
schema: |
  CREATE TABLE public.customers (id int, email text, name text);
  CREATE VIEW public.people AS SELECT id, email AS mail FROM public.customers;
  CREATE TABLE staging.copy (mail text);
on: ${name}
who: { groups: [github/repo:acme/reports] }
cases:
  - { name: selected, database: orders, sql: SELECT email FROM customers WHERE id = 1, expect: allow }
  - { name: counted, database: orders, sql: SELECT count(*) FROM customers WHERE name = 'Ada', expect: allow }
  - { name: filtered by, database: orders, sql: "SELECT id FROM customers WHERE email LIKE 'a%'", expect: { effect: deny, rule: mask:contact } }
  - { name: ordered by, database: orders, sql: SELECT id FROM customers ORDER BY email, expect: { effect: deny, rule: mask:contact } }
  - { name: grouped by, database: orders, sql: SELECT count(*) FROM customers GROUP BY email, expect: { effect: deny, rule: mask:contact } }
  - { name: filtered through a view, database: orders, sql: "SELECT id FROM people WHERE mail = 'a'", expect: { effect: deny, rule: mask:contact } }
  - { name: stored, database: orders, sql: INSERT INTO staging.copy SELECT email FROM customers, expect: { effect: deny, rule: mask:contact } }
  - { name: another database, database: archive, sql: SELECT id FROM customers ORDER BY email, expect: allow }
`
  expect(checkRules(masked, NOW)).toMatchObject({ ok: true, problems: [], warnings: [] })
  const answer = await testRules({ configuration: masked, cases }, {} as never, NOW)
  expect(answer.cases.filter(({ passed }) => !passed)).toEqual([])
})

it('reads requests to models, MCP servers and the proxy as they would be read in a gateway', async () => {
  const doors = configuration.replace(/\n( *)(token: .*)\n/, '\n$1$2\n$1https: 127.0.0.1:8443\n$1proxy: 127.0.0.1:3128\n')
  const agents = doors.replace(
    '\nrules:\n',
    `
  - { name: openai, kind: model, api: openai, address: "https://api.openai.com/v1", credentials: [{ as: key, apiKey: "secret:openai" }] }
  - { name: tickets, kind: mcp, address: "https://mcp.internal/tickets", credentials: [{ as: agent, bearer: "secret:tickets" }] }
  - { name: code, kind: egress, hosts: [github.com] }
rules:
  - { name: small-models, effect: allow, do: [model.call], when: 'model.model == "gpt-4o-mini" && !("drop_table" in model.tools)' }
  - { name: own-tickets, effect: allow, do: [mcp.call], when: 'tool.name == "list" && tool.arguments.owner == "me"' }
  - { name: code-only, effect: allow, do: [egress.connect], when: 'egress.host == "github.com"' }
`,
  )
  const chat = (model: string) => `request: POST /chat/completions, body: { model: ${model}, messages: [{ role: user, content: Hello }] }`
  const call = (owner: string) =>
    `request: POST /, headers: { accept: "application/json, text/event-stream", content-type: application/json }, body: { jsonrpc: "2.0", id: 1, method: tools/call, params: { name: list, arguments: { owner: ${owner} } } }`
  const cases = `
who: { groups: [github/repo:acme/reports] }
cases:
  - { name: small, on: openai, ${chat('gpt-4o-mini')}, expect: { effect: allow, rule: small-models } }
  - { name: large, on: openai, ${chat('gpt-4o')}, expect: deny }
  - { name: mine, on: tickets, ${call('me')}, expect: { effect: allow, rule: own-tickets } }
  - { name: theirs, on: tickets, ${call('you')}, expect: deny }
  - { name: fetched, on: code, request: "CONNECT github.com:443", expect: { effect: allow, rule: code-only } }
  - { name: elsewhere, on: code, request: "CONNECT elsewhere.test:443", expect: deny }
`
  const answer = await testRules({ configuration: agents, cases }, {} as never, NOW)
  expect(answer.cases.filter(({ passed }) => !passed)).toEqual([])
  const mixed = (on: string, request: string) => `cases:\n  - { name: a, on: ${on}, request: "${request}", expect: deny }\n`
  for (const wrong of [mixed('code', 'GET /'), mixed('openai', 'CONNECT github.com:443')])
    await expect(testRules({ configuration: agents, cases: wrong }, {} as never, NOW)).rejects.toMatchObject({
      code: 'GS_CONFIG_WRONG_VALUE',
    })
})

it('knows where a resource of the proxy leads: what it does not name is refused, whatever the rules say', async () => {
  const doors = configuration.replace(/\n( *)(token: .*)\n/, '\n$1$2\n$1proxy: 127.0.0.1:3128\n')
  const proxied = doors.replace(
    '\nrules:\n',
    `
  - { name: code, kind: egress, hosts: [github.com, "*.github.com", "git.internal:22/plain"] }
rules:
  - { name: all-of-it, effect: allow, do: [egress.connect] }
`,
  )
  const cases = ['github.com:443', 'api.github.com:443', 'git.internal:22', 'github.com:22', 'a.b.github.com:443', 'evil.test:443']
    .map((to, index) => `  - { name: "${to}", on: code, request: "CONNECT ${to}", expect: ${index < 3 ? 'allow' : 'deny'} }`)
    .join('\n')
  const answer = await testRules({ configuration: proxied, cases: `cases:\n${cases}\n` }, {} as never, NOW)
  expect(answer.cases.filter(({ passed }) => !passed)).toEqual([])
  expect(answer.passed).toBe(6)
})
