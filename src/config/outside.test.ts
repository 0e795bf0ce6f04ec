import { describe, expect, it } from 'vitest'
import { brief, EXAMPLE, judge } from '../../test/parts/judged-config.ts'

const DOORS = EXAMPLE.replace(/( +)token: .*\n/, '$&$1connectors: 0.0.0.0:8446\n$1metrics: 127.0.0.1:9464\n')
const behind = (text: string, via = 'plant-a') => text.replace(/( +)kind: postgres\n/, `$&$1via: ${via}\n`)
const PLANT = 'connectors:\n  - name: plant-a\n'
const whole = (sections: string, text = behind(DOORS)) => `${text}\n${sections}`

describe('resources behind connectors', () => {
  it('are known by the name of the connector, which is told whose tokens enrol one', () => {
    const { config, findings } = judge(
      whole(
        `${PLANT}    workload:\n      issuer: github\n      audience: plants\n      accept: { repository_id: "987654", event_name: push }\n`,
      ),
    )
    expect(findings).toEqual([])
    expect(config!.gateway.listen.connectors).toEqual({ host: '0.0.0.0', port: 8446 })
    expect(config!.resources[0]).toMatchObject({ name: 'orders-db', via: 'plant-a' })
    expect(config!.connectors).toEqual([
      {
        name: 'plant-a',
        workload: { issuer: 'github', audience: 'plants', accept: { repository_id: '987654', event_name: 'push' } },
      },
    ])
  })

  it.each([
    ['no door', whole(PLANT, behind(EXAMPLE)), 'INCONSISTENT connectors'],
    ['a door for nobody', whole('', DOORS), 'INCONSISTENT gateway.listen.connectors'],
    ['a name that nobody has', whole(PLANT, behind(DOORS, 'plant-b')), 'INCONSISTENT resources[0].via'],
    ['one name twice', whole(`${PLANT}  - name: plant-a\n`), 'INCONSISTENT connectors[1].name'],
    [
      'an issuer that is none',
      whole(`${PLANT}    workload: { issuer: nobody, accept: { repository_id: "1" } }\n`),
      'INCONSISTENT connectors[0].workload.issuer',
    ],
    [
      'claims that anybody can come to have',
      whole(`${PLANT}    workload: { issuer: github, accept: { ref: main } }\n`),
      'INCONSISTENT connectors[0].workload.accept',
    ],
    [
      'a glob over ids',
      whole(`${PLANT}    workload: { issuer: github, accept: { repository_id: "9*" } }\n`),
      'INCONSISTENT connectors[0].workload.accept.repository_id',
    ],
    [
      'sub',
      whole(`${PLANT}    workload: { issuer: github, accept: { repository_id: "9", sub: a } }\n`),
      'INCONSISTENT connectors[0].workload.accept.sub',
    ],
    [
      'an immutable claim that is not matched',
      whole(`${PLANT}    workload: { issuer: github, accept: { oid: a }, immutable: [oid, tenant] }\n`),
      'INCONSISTENT connectors[0].workload.immutable[1]',
    ],
    [
      'the audience as what tells owners apart',
      whole(`${PLANT}    workload: { issuer: github, accept: { aud: a }, immutable: [aud] }\n`),
      'INCONSISTENT connectors[0].workload.immutable[0]',
    ],
    ['plaintext', whole(PLANT).replace(/ +tls: \{ verify: full.*\n/, '    tls: { verify: off }\n'), 'INCONSISTENT resources[0].tls.verify'],
  ])('with %s are refused', (_, text, found) => {
    expect(brief(text)).toEqual([found])
  })

  it('have TLS that ends in the gateway, also where the address is that of loopback', () => {
    const http = (address: string) =>
      `  - name: tickets\n    kind: http\n    address: ${address}\n    via: plant-a\n    credentials: [ { as: a, none: true } ]\n`
    const text = (address: string) =>
      whole(PLANT)
        .replace(/( +)token: .*\n/, '$&$1https: 0.0.0.0:8443\n')
        .replace('resources:\n', `resources:\n${http(address)}`)
    expect(brief(text('https://127.0.0.1:8001'))).toEqual([])
    expect(brief(text('http://127.0.0.1:8001'))).toEqual(['INCONSISTENT resources[0].via'])
    expect(brief(text('http://tickets.internal'))).toEqual(['INCONSISTENT resources[0].via'])
  })

  it('are none of those that the forward proxy reaches', () => {
    const egress = '  - { name: hosts, kind: egress, hosts: [api.github.com], via: plant-a }\n'
    expect(brief(whole(PLANT).replace('resources:\n', `resources:\n${egress}`))).toContain('UNKNOWN_FIELD resources[0].via')
  })
})

describe('metrics', () => {
  const PUSHED =
    'metrics:\n  token: "secret:scrape"\n  otlp: { url: "https://o.example.org/v1/metrics", headers: { authorization: "secret:o" } }\n'

  it('are scraped with a token, and sent', () => {
    const { config, findings } = judge(whole(PLANT + PUSHED))
    expect(findings).toEqual([])
    expect(config!.metrics).toEqual({
      token: { from: 'secret', name: 'scrape' },
      otlp: {
        url: 'https://o.example.org/v1/metrics',
        every: 15_000,
        headers: { authorization: { from: 'secret', name: 'o' } },
        insecureLoopback: false,
      },
    })
    expect(judge(whole(PLANT)).config!.metrics).toEqual({})
  })

  it.each([
    ['off loopback without a token', whole(PLANT).replace('127.0.0.1:9464', '0.0.0.0:9464'), 'INCONSISTENT gateway.listen.metrics'],
    ['with a token and no door', whole(PLANT + PUSHED).replace(/ +metrics: 127.*\n/, ''), 'INCONSISTENT metrics.token'],
    ['over plain http', whole(PLANT + PUSHED).replace('https://o.', 'http://o.'), 'INCONSISTENT metrics.otlp.url'],
    ['sent all the time', whole(PLANT + PUSHED).replace('headers: {', 'every: 10ms, headers: {'), 'INCONSISTENT metrics.otlp.every'],
    [
      'with a secret written out',
      whole(PLANT + PUSHED).replace('"secret:o"', '"Bearer x"'),
      'LITERAL_SECRET metrics.otlp.headers.authorization',
    ],
    ['with a header of the connection', whole(PLANT + PUSHED).replace('authorization:', 'host:'), 'WRONG_VALUE metrics.otlp.headers.host'],
    ['at a door that another one has', whole(PLANT).replace('127.0.0.1:9464', '0.0.0.0:8446'), 'INCONSISTENT gateway.listen.metrics'],
  ])('%s are refused', (_, text, found) => {
    expect(brief(text)).toContain(found)
  })
})

describe('exports', () => {
  const one = (fields: string) => whole(`${PLANT}exports:\n  - { name: siem, ${fields} }\n`)

  it('have a form, a place, and what they leave out', () => {
    const text = one(
      'kind: webhook, url: "https://s.example.org/in", secret: "secret:siem", filter: { kinds: [operation.*], resources: [orders-db], decisions: [deny] }',
    )
    expect(judge(text).findings).toEqual([])
    expect(judge(text).config!.exports).toEqual([
      {
        ...{ name: 'siem', kind: 'webhook', url: 'https://s.example.org/in', headers: {}, from: 'start', insecureLoopback: false },
        secret: { from: 'secret', name: 'siem' },
        filter: { kinds: ['operation.*'], resources: ['orders-db'], decisions: ['deny'] },
      },
    ])
  })

  it.each([
    ['a webhook that nothing is signed with', 'kind: webhook, url: "https://s.example.org"', 'INCONSISTENT exports[0]'],
    ['a secret that signs nothing', 'kind: ocsf, url: "https://s.example.org", secret: "secret:s"', 'INCONSISTENT exports[0].secret'],
    ['plain http', 'kind: ocsf, url: "http://s.example.org", insecureLoopback: true', 'INCONSISTENT exports[0].url'],
    ['plain http to this machine that nobody asked for', 'kind: otlp, url: "http://127.0.0.1:4318/v1/logs"', 'INCONSISTENT exports[0].url'],
    [
      'a resource that is none',
      'kind: ocsf, url: "https://s.example.org", filter: { resources: [order-db] }',
      'INCONSISTENT exports[0].filter.resources[0]',
    ],
    [
      'a kind that is none',
      'kind: ocsf, url: "https://s.example.org", filter: { kinds: [connector.*, operation.intnet] }',
      'INCONSISTENT exports[0].filter.kinds[1]',
    ],
    [
      'a family that is none',
      'kind: ocsf, url: "https://s.example.org", filter: { kinds: [operations.*] }',
      'INCONSISTENT exports[0].filter.kinds[0]',
    ],
    ['an empty filter', 'kind: ocsf, url: "https://s.example.org", filter: {}', 'WRONG_VALUE exports[0].filter'],
    ['a form that is none', 'kind: syslog, url: "https://s.example.org"', 'WRONG_VALUE exports[0].kind'],
  ])('with %s are refused', (_, fields, found) => {
    expect(brief(one(fields))).toEqual([found])
  })
})
