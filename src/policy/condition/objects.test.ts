import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { threadTime } from '../../../test/parts/thread-time.ts'
import type { Facts, Json } from '../../operations/index.ts'
import type { Asker } from '../asker.ts'
import { RuleError } from '../errors.ts'
import { compileCondition, Situation, Surroundings } from './condition.ts'
import { UnknownFact } from './unknown-fact.ts'

const asker: Asker = {
  principal: { kind: 'job', issuer: 'github', subject: 's', groups: [] },
  resource: { name: 'cluster', kind: 'kubernetes', tags: [] },
}
const pod: Json = {
  metadata: { name: 'web', labels: { 'app.kubernetes.io/name': 'shop' }, annotations: null },
  spec: {
    replicas: 3,
    ratio: 1.5,
    big: 2 ** 60,
    containers: [
      { name: 'web', image: 'registry/web:1', securityContext: { privileged: true, capabilities: { add: ['NET_ADMIN'] } } },
      { name: 'log', image: 'registry/log:1', env: [{ name: 'A', value: '1' }] },
    ],
  },
}
const factsOf = (object: Json | undefined): Facts => ({
  effects: [{ class: 'create', action: 'create object' }],
  k8s: { verb: 'create', ...(object !== undefined && { object }) },
})
const ask = (text: string, facts: Facts = factsOf(pod)) => compileCondition(text).ask(new Situation(new Surroundings(asker), facts, 0))

describe('what is sent', () => {
  it.each([
    ['k8s.object.spec.replicas == 3 && k8s.object.spec.replicas < 4 && k8s.object.spec.ratio > 1', true],
    ['k8s.object.metadata.labels["app.kubernetes.io/name"] == "shop"', true],
    ['"app.kubernetes.io/name" in k8s.object.metadata.labels && !("x" in k8s.object.metadata.labels)', true],
    ['has(k8s.object.metadata.annotations) && !has(k8s.object.metadata.finalizers)', true],
    ['k8s.object.spec.containers.all(c, c.image.startsWith("registry/"))', true],
    [
      'k8s.object.spec.containers.exists(c, has(c.securityContext) && has(c.securityContext.privileged) && c.securityContext.privileged == true)',
      true,
    ],
    ['k8s.object.spec.containers.exists(c, has(c.securityContext) && "NET_ADMIN" in c.securityContext.capabilities.add)', true],
    ['k8s.object.spec.containers.filter(c, has(c.env)).exists(c, c.env.exists(e, e.value.matches("^[0-9]+$")))', true],
    ['size(k8s.object.spec.containers) == 2 && k8s.object.spec.containers[1].name == "log"', true],
    ['k8s.object.spec.replicas == "3"', false],
    ['k8s.object.metadata.labels == k8s.object.metadata.labels', true],
  ])('is asked about: %s', (text, said) => expect(ask(text)).toBe(said))

  it.each([
    'k8s.object.spec.nodeName == "x"',
    'has(k8s.object.spec.template.spec)',
    'k8s.object.spec.containers.all(c, c.securityContext.privileged)',
    'k8s.object.spec.containers[7].name == "x"',
    'k8s.object.spec.replicas < "3"',
    'k8s.object.spec.replicas.startsWith("3")',
  ])('says nothing where a part is not there, or is something else: %s', (text) => expect(ask(text)).toBeInstanceOf(Error))

  it('is unknown where it was not read, also to has()', () => {
    for (const text of ['k8s.object.spec.replicas == 3', 'has(k8s.object.spec)', '!has(k8s.object.spec.x)', 'has(k8s.object)'])
      expect(ask(text, factsOf(undefined)), text).toBeInstanceOf(UnknownFact)
    expect(ask('k8s.patchType == "merge"')).toBeInstanceOf(UnknownFact)
    expect(ask('k8s.object.x == 1', factsOf(null))).toBeInstanceOf(UnknownFact)
  })

  it('of server-side apply is the object too, and of other patches is none', () => {
    const patched = (type: 'apply' | 'merge'): Facts => ({
      effects: [],
      k8s: { verb: 'patch', patch: { type, content: { spec: { replicas: 1 } } } },
    })
    expect(ask('k8s.object.spec.replicas == 1 && k8s.patch.spec.replicas == 1 && k8s.patchType == "apply"', patched('apply'))).toBe(true)
    expect(ask('k8s.object.spec.replicas == 1', patched('merge'))).toBeInstanceOf(UnknownFact)
    expect(ask('k8s.patch.spec.replicas == 1', patched('merge'))).toBe(true)
  })

  it('has no names that mean something to JavaScript', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'size', 'get'])
      expect(ask(`has(k8s.object.${name}) || "${name}" in k8s.object`, factsOf({ a: 1 })), name).toBe(false)
    expect(ask('k8s.object["__proto__"].x == "y"', factsOf(JSON.parse('{"__proto__":{"x":"y"}}')))).toBe(true)
  })
})

describe('a condition is refused', () => {
  it.each([
    ['k8s.object.spec.hostPID', 'true or false'],
    ['k8s.object.spec.replicas + 1 == 4', 'not computed'],
    ['-k8s.object.spec.replicas == 4', 'not computed'],
    ['k8s.objekt == "x"', 'No such key'],
    ['has(k8s.object.spec.containers[0].name)', 'types do not fit'],
    ['sql.reads.exists(t, has(t.x))', 'has() takes a fact'],
    ['has(principal.x)', 'has() takes a fact'],
    ['http.headers == {"a": "b"}', 'not CEL'],
  ])('%s', (text, message) => {
    expect(() => compileCondition(text)).toThrow(RuleError)
    expect(() => compileCondition(text)).toThrow(message)
  })
})

describe('what is sent may be large', () => {
  const containers = (count: number): Json => ({
    items: Array.from({ length: count }, (_, at) => ({ name: `c${at}`, tags: ['a', 'b', 'c'] })),
  })

  it('and is gone through within bounds, each part once where loops follow one another down', () => {
    const down = 'k8s.object.items.all(c, c.tags.exists(t, t == "a"))'
    expect(ask(down, factsOf(containers(800)))).toBe(true)
    expect(ask(down, factsOf(containers(2_000)))).toBeInstanceOf(Error)
  })

  it('and is not gone through again and again', () => {
    const begun = threadTime()
    for (const text of [
      'k8s.object.items.all(c, k8s.object.items.exists(d, d.name == c.name))',
      'k8s.object.items.all(c, c == k8s.object)',
      'k8s.object.items.map(c, k8s.object).all(o, o.items.exists(d, d.name == "x"))',
      'k8s.object.items.all(c, c.name in k8s.object.items)',
    ])
      expect(ask(text, factsOf(containers(1_000))), text).toBeInstanceOf(Error)
    expect(ask('k8s.object.text.matches("(a+)+$")', factsOf({ text: 'a'.repeat(400_000) }))).toBeInstanceOf(Error)
    expect(threadTime() - begun).toBeLessThan(2_000)
  })

  it('and costs nothing where nobody asks for it', () => {
    const facts = factsOf(containers(300_000))
    const begun = threadTime()
    for (let at = 0; at < 1_000; at++) ask('k8s.verb == "create"', facts)
    expect(threadTime() - begun).toBeLessThan(2_000)
  })
})

it('never throws and never says anything but yes or no, whatever is sent', () => {
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<Json>(null, true, false, 0, -1, 1.5, 2 ** 60, '', 'registry/x'),
      fc.dictionary(fc.constantFrom('spec', 'containers', 'image', 'name', '__proto__'), tie('value') as fc.Arbitrary<Json>),
      fc.array(tie('value') as fc.Arbitrary<Json>, { maxLength: 3 }),
    ),
  })).value as fc.Arbitrary<Json>
  const conditions = [
    'k8s.object.spec.containers.all(c, c.image.startsWith("registry/"))',
    'has(k8s.object.spec.name) && k8s.object.spec.name == k8s.object.name',
    '"x" in k8s.object.spec || k8s.object.spec < 3 || size(k8s.object.containers) > 1',
    'k8s.object.exists_one(k, k == "spec") ? k8s.object.spec.image.matches("^r") : k8s.object.name == true',
  ].map(compileCondition)
  fc.assert(
    fc.property(json, (object) => {
      for (const condition of conditions) {
        const said = condition.ask(new Situation(new Surroundings(asker), factsOf(object), 0))
        expect(typeof said === 'boolean' || said instanceof Error).toBe(true)
      }
    }),
    { numRuns: 2_000 },
  )
})
