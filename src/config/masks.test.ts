import { describe, expect, it } from 'vitest'
import { brief, EXAMPLE_WITH_PEOPLE, judge } from '../../test/parts/judged-config.ts'

const with_ = (masks: string, masking = '') => `${EXAMPLE_WITH_PEOPLE}\nmasks:\n${masks}${masking === '' ? '' : `masking:\n${masking}`}`
const contact = (more = '', as = 'partial') => `  - name: contact\n    columns: [orders.public.customers.email]\n    as: ${as}\n${more}`

it('says what is covered, for whom, where, and what is shown instead', () => {
  const text = with_(
    [
      contact('    on: { resources: [orders-db] }\n    unmaskedWrite: true\n    predicates: true\n'),
      '  - { name: cards, detect: [card, employee], as: redact, except: { groups: [okta/fraud] }, who: { kind: job } }\n',
    ].join(''),
    '  patterns: [{ name: employee, pattern: "EMP-[0-9]+" }]\n',
  )
  const { findings, config } = judge(text)
  expect(findings).toEqual([])
  const employee = { name: 'employee', pattern: 'EMP-[0-9]+' }
  expect(config?.masks).toEqual([
    {
      mask: {
        ...{ name: 'contact', columns: ['orders.public.customers.email'], detect: [], patterns: [], as: 'partial' },
        ...{ unmaskedWrite: true, predicates: true },
      },
      on: { resources: ['orders-db'] },
    },
    {
      mask: {
        ...{ name: 'cards', columns: [], detect: ['card', 'employee'], patterns: [employee], as: 'redact' },
        ...{ unmaskedWrite: false, predicates: false },
      },
      who: { kind: 'job' },
      except: { groups: ['okta/fraud'] },
    },
  ])
  expect(config?.masking).toEqual({})
})

const fields = (text: string, more = '') => `  - { name: cluster, fields: [${text}], as: redact${more} }\n`

const CLUSTER = `resources:
  - name: staging
    kind: kubernetes
    address: https://k8s.example.org:6443
    credentials: [{ as: reader, token: "file:./token" }]`
/** With a door and a cluster. */
const clustered = (text: string) =>
  text.replace('    token: 0.0.0.0:8444', '    https: 0.0.0.0:8443\n    token: 0.0.0.0:8444').replace('resources:', CLUSTER)

it('covers fields of objects of Kubernetes, by selectors with a name and by paths', () => {
  const named = ['secrets', 'configmaps', 'environment', 'helm-releases']
  const paths = [
    ...['widgets.example.com:spec.token', 'deployments.apps:spec.template.metadata.annotations.*', 'secrets:data["tls.key"]'],
    ...['pods:spec.containers[*].env[*].value', '*:spec.**.password'],
  ]
  const { findings, config } = judge(
    clustered(with_(fields([...named, ...paths].map((each) => JSON.stringify(each)).join(', '), ', unmaskedWrite: true'))),
  )
  expect(findings).toEqual([])
  expect(config?.masks).toEqual([
    {
      mask: {
        ...{ name: 'cluster', columns: [], fields: [...named, ...paths], detect: [], patterns: [], as: 'redact' },
        ...{ unmaskedWrite: true, predicates: false },
      },
    },
  ])
})

it('takes names as they are written, also with dots, blanks and capitals', () => {
  const column = 'orders.Public.my.table.E Mail'
  expect(judge(with_(contact().replace('orders.public.customers.email', column))).config?.masks[0]?.mask.columns).toEqual([column])
})

it.each([
  ['redact', 'redact'],
  ['null', 'null'],
  ['"null"', 'null'],
  ['{ fixed: hidden }', { fixed: 'hidden' }],
])('takes the operator %s', (as, operator) => {
  expect(judge(with_(contact('', as))).config?.masks[0]?.mask.as).toEqual(operator)
})

it('hashes with a key that stands elsewhere', () => {
  const { findings, config } = judge(with_(contact('', 'hash'), '  key: secret:mask-key\n'))
  expect(findings).toEqual([])
  expect(config?.masking).toEqual({ key: { from: 'secret', name: 'mask-key' } })
})

it('asks an analyzer for names and places, in five seconds, and ends where it is silent, unless said otherwise', () => {
  const analyzer = (text: string) => judge(with_(contact(), `  analyzer: ${text}\n`))
  const asked = analyzer('{ url: "https://presidio.example.org" }')
  expect(asked.findings).toEqual([])
  expect(asked.config?.masking.analyzer).toEqual({
    ...{ url: 'https://presidio.example.org', language: 'en', entities: ['PERSON', 'LOCATION'], threshold: 0.5 },
    ...{ deadline: 5000, whenSilent: 'fail' },
  })
  const local = analyzer(
    '{ url: "http://127.0.0.1:5002", insecureLoopback: true, language: de, entities: [PERSON], score: 0.7, deadline: 2s, whenSilent: pass }',
  )
  expect(local.findings).toEqual([])
  expect(local.config?.masking.analyzer).toEqual({
    ...{ url: 'http://127.0.0.1:5002', language: 'de', entities: ['PERSON'], threshold: 0.7, deadline: 2000, whenSilent: 'pass' },
  })
})

it('covers what an analyzer finds in rows of PostgreSQL, and in nothing else', () => {
  const mask = (on = '') => `  - { name: people, detect: [presidio/PERSON, email], as: redact${on} }\n`
  const analyzer = '  analyzer: { url: "https://presidio.example.org" }\n'
  const { findings, config } = judge(with_(mask(), analyzer))
  expect(findings).toEqual([])
  expect(config?.masks[0]?.mask.detect).toEqual(['presidio/PERSON', 'email'])
  const cluster = `\nresources:\n  - name: staging
    kind: kubernetes
    address: https://k8s.example.org:6443
    credentials: [{ as: reader, token: "file:./token" }]\n`
  const both = (text: string) => brief(text.replace('\nresources:\n', cluster))
  expect(both(with_(mask(), analyzer))).toContain('INCONSISTENT masks[0].detect[0]')
  expect(both(with_(mask(', on: { resources: [orders-db] }'), analyzer))).not.toContain('INCONSISTENT masks[0].detect[0]')
})

describe('is refused', () => {
  it.each([
    ['nothing covered', '  - { name: a, as: redact }\n', 'WRONG_VALUE masks[0]'],
    ['a column without its database', contact().replace('orders.public', 'public'), 'WRONG_VALUE masks[0].columns[0]'],
    ['a table', contact().replace('.email', ''), 'WRONG_VALUE masks[0].columns[0]'],
    ['the same column twice', contact().replace('[orders', '[orders.public.customers.email, orders'), 'WRONG_VALUE masks[0].columns'],
    ['no operator', contact().replace('    as: partial\n', ''), 'MISSING_FIELD masks[0].as'],
    ['an operator that nobody knows', contact('', 'reverse'), 'WRONG_VALUE masks[0].as'],
    ['a text that is not ASCII', contact('', '{ fixed: "geschwärzt" }'), 'WRONG_VALUE masks[0].as.fixed'],
    ['a name twice', contact() + contact(), 'INCONSISTENT masks[1].name'],
    ['an unknown detector', '  - { name: a, detect: [creditcard], as: redact }\n', 'INCONSISTENT masks[0].detect[0]'],
    ['an entity in small letters', '  - { name: a, detect: [presidio/person], as: redact }\n', 'WRONG_VALUE masks[0].detect[0]'],
    ['an entity that nobody looks for', '  - { name: a, detect: [presidio/PERSON], as: redact }\n', 'INCONSISTENT masks[0].detect[0]'],
    ['an unknown resource', contact('    on: { resources: [orders] }\n'), 'INCONSISTENT masks[0].on.resources[0]'],
    ['an unknown issuer', contact('    except: { groups: [entra/fraud] }\n'), 'INCONSISTENT masks[0].except.groups[0]'],
    ['an unknown issuer of whom it is for', contact('    who: { groups: [entra/fraud] }\n'), 'INCONSISTENT masks[0].who.groups[0]'],
    ['a hash without a key', contact('', 'hash'), 'INCONSISTENT masks[0].as'],
    ['a field that is not there', contact('    until: 2027-01-01T00:00:00Z\n'), 'UNKNOWN_FIELD masks[0].until'],
    ['a selector that nobody knows', fields('secret'), 'WRONG_VALUE masks[0].fields[0]'],
    ['a field without a path', fields('"secrets:"'), 'WRONG_VALUE masks[0].fields[0]'],
    ['a path that leads nowhere', fields('"secrets:data.**"'), 'WRONG_VALUE masks[0].fields[0]'],
    ['a path with an index', fields('"pods:spec.containers[0].image"'), 'WRONG_VALUE masks[0].fields[0]'],
    ['a resource without its group', fields('"deployments:spec.template"'), 'INCONSISTENT masks[0].fields[0]'],
    ['a resource in the singular', fields('"secret:data.*"'), 'INCONSISTENT masks[0].fields[0]'],
    ['a field twice', fields('secrets, secrets'), 'WRONG_VALUE masks[0].fields'],
    ['what clients call a database', contact().replace('orders.public', 'orders-prod.public'), 'INCONSISTENT masks[0].columns[0]'],
  ])('%s', (_, masks, finding) => {
    expect(brief(with_(masks))).toContain(finding)
  })

  const looking = '  - { name: a, detect: [own], as: redact }\n'
  it.each([
    ['a pattern that is not RE2', '  patterns: [{ name: own, pattern: "(x)\\\\1" }]\n', 'INCONSISTENT masking.patterns[0]'],
    ['a pattern that matches nothing at all', '  patterns: [{ name: own, pattern: "x*" }]\n', 'INCONSISTENT masking.patterns[0]'],
    ['the name of a detector of ours', '  patterns: [{ name: card, pattern: x }]\n', 'INCONSISTENT masking.patterns[0]'],
    ['a name twice', '  patterns: [{ name: own, pattern: x }, { name: own, pattern: y }]\n', 'INCONSISTENT masking.patterns[1].name'],
    [
      'more patterns than are looked for',
      `  patterns: [${Array.from({ length: 17 }, (_, at) => `{ name: own${at}, pattern: x }`).join(', ')}]\n`,
      'INCONSISTENT masking.patterns',
    ],
    ['an analyzer over http', '  analyzer: { url: "http://127.0.0.1:5002" }\n', 'INCONSISTENT masking.analyzer.url'],
    [
      'an analyzer elsewhere over http',
      '  analyzer: { url: "http://presidio.example.org", insecureLoopback: true }\n',
      'INCONSISTENT masking.analyzer.url',
    ],
    ['an analyzer with a query', '  analyzer: { url: "https://presidio.example.org/?a=b" }\n', 'WRONG_VALUE masking.analyzer.url'],
    ['an analyzer with a password', '  analyzer: { url: "https://u:p@presidio.example.org" }\n', 'WRONG_VALUE masking.analyzer.url'],
    [
      'an analyzer that is waited for for ever',
      '  analyzer: { url: "https://a.example.org", deadline: 1d }\n',
      'INCONSISTENT masking.analyzer.deadline',
    ],
    [
      'an entity in lower case',
      '  analyzer: { url: "https://a.example.org", entities: [person] }\n',
      'WRONG_VALUE masking.analyzer.entities[0]',
    ],
    ['a certainty beyond 1', '  analyzer: { url: "https://a.example.org", score: 2 }\n', 'WRONG_VALUE masking.analyzer.score'],
    ['a key itself', `  key: ${'ab'.repeat(32)}\n`, 'LITERAL_SECRET masking.key'],
    ['nothing', '  {}\n', 'WRONG_VALUE masking'],
  ])('with %s', (_, masking, finding) => {
    expect(brief(with_(looking, masking))).toContain(finding)
  })
})

it.each([
  ['covers nothing', contact('    on: { tags: [nothing] }\n'), '', 'DOUBTFUL masks[0].on'],
  [
    'says of columns where it has none',
    '  - { name: a, detect: [card], as: redact, predicates: true }\n',
    '',
    'DOUBTFUL masks[0].predicates',
  ],
  ['looks for no pattern that is there', contact(), '  patterns: [{ name: own, pattern: x }]\n', 'DOUBTFUL masking.patterns[0].name'],
])('warns of a mask that %s', (_, masks, masking, finding) => {
  expect(brief(with_(masks, masking))).toEqual([finding])
})

it('says which group a resource is in, or which resource was meant', () => {
  const next = (text: string) => judge(with_(fields(text))).findings[0]?.next
  expect(next('"deployments:spec.template"')).toBe('Write deployments.apps:spec.template.')
  expect(next('"secret:data.*"')).toBe('Did you mean secrets?')
  expect(next('"widgets:spec.token"')).toBe('Write its group behind it, as kubectl api-resources names it: widgets.example.com.')
})

it('warns of fields where there is no cluster, and of columns where there is nothing else', () => {
  expect(brief(with_(fields('secrets')))).toEqual(['DOUBTFUL masks[0].fields'])
  expect(brief(clustered(with_(contact('    on: { resources: [staging] }\n'))))).toEqual(['DOUBTFUL masks[0].columns'])
})
