import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { judgeText } from '../judge-text.ts'

const example = readFileSync(new URL('../../../docs/examples/kubernetes.yaml', import.meta.url), 'utf8')
const [head = ''] = example.split('\nrules:\n')

/** What is said of rules over a cluster and an API: `code path`, and the words. */
function judge(...rules: string[]) {
  const { problems, warnings } = judgeText(`${head}\nrules:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`, 0)
  return [...problems, ...warnings].map(({ code, path, message }) => `${code.replace('GS_CONFIG_', '')} ${path}: ${message}`)
}

it.each([
  ['{ name: a, effect: allow, do: [kubernetes.get, http.get] }', []],
  ['{ name: a, effect: allow, do: [kubernetes.gett] }', ['WRONG_VALUE rules[0].do[0]: No effect is called so.']],
  ['{ name: a, effect: allow, do: [http.evict] }', ['WRONG_VALUE rules[0].do[0]: No effect is called so.']],
  ['{ name: a, effect: allow, do: [postgres.read] }', ['DOUBTFUL rules[0].do: No resource is of PostgreSQL, so this never matches.']],
  ['{ name: a, effect: allow, on: { tags: [prod] }, do: [http.get] }', ['DOUBTFUL rules[0].on: No resource matches this rule and its do.']],
  ['{ name: a, effect: allow, on: { resources: [tickets] }, do: [http.get], when: http.path == "/a" }', []],
])('judges a rule by the planes that it names: %s', (rule, said) => expect(judge(rule)).toEqual(said))

it.each([
  ['http.path == "/a"', 'HTTP'],
  ['k8s.verb == "get"', 'Kubernetes'],
])('refuses facts of a plane where the rule is about another one too: %s', (when, title) => {
  const [said = ''] = judge(`{ name: a, effect: allow, do: [kubernetes.get, http.get], when: '${when}' }`)
  expect(said).toMatch(/^WRONG_VALUE rules\[0\]\.when: /)
  expect(said).toContain(`about ${title} alone`)
})

it.each([
  'claims.agent == "planner"',
  'operation.claims.agent == "planner"',
  'session.claims.traceparent == "x"',
  'http.claims.agent == "x"',
])('lets no rule ask for what a client says of itself: %s', (when) =>
  expect(judge(`{ name: a, effect: allow, do: [http.get], when: '${when}' }`)[0]).toMatch(/^WRONG_VALUE rules\[0\]\.when: /),
)

it('says of a loop over what is sent that it is true of nothing', () => {
  const all = 'k8s.object.spec.containers.all(c, c.image == "x")'
  expect(judge(`{ name: a, effect: allow, do: [kubernetes.create], when: '${all}' }`)[0]).toMatch(/^DOUBTFUL rules\[0\]\.when/)
  expect(judge(`{ name: a, effect: allow, do: [kubernetes.create], when: 'size(k8s.object.spec.containers) > 0 && ${all}' }`)).toEqual([])
})

it('takes a rule for shadowed only where it says the same of every plane that there is', () => {
  const wide = '{ name: wide, effect: deny, do: [kubernetes.*] }'
  expect(judge(wide, '{ name: narrow, effect: allow, do: [kubernetes.get] }')[0]).toMatch(
    /^DOUBTFUL rules\[1\]\.name: The rule wide already answers deny/,
  )
  expect(judge(wide, '{ name: narrow, effect: allow, do: [kubernetes.get, http.get] }')).toEqual([])
  // What it says of PostgreSQL says nothing, as there is none.
  expect(judge(wide, '{ name: narrow, effect: allow, do: [kubernetes.get, postgres.read] }')).toHaveLength(1)
  const named = '{ name: named, effect: allow, do: [kubernetes.credential] }'
  expect(judge('{ name: star, effect: allow, do: [kubernetes.*] }', named)).toEqual([])
  expect(
    judge('{ name: star, effect: allow, do: [kubernetes.delete] }', '{ name: one, effect: allow, do: [kubernetes.evict] }'),
  ).toHaveLength(1)
})
