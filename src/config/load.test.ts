import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cosignatureSigner } from '../tlog/index.ts'
import { ConfigError } from './errors.ts'
import { jsonSchema } from './json-schema.ts'
import { loadConfig } from './load.ts'

const example = readFileSync(new URL('../../docs/examples/gatescribe.yaml', import.meta.url), 'utf8')
const now = Date.parse('2026-08-01T00:00:00Z')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-config-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const load = (text: string | Uint8Array, env = {}) => {
  writeFileSync(join(folder, 'gatescribe.yaml'), text)
  return loadConfig(join(folder, 'gatescribe.yaml'), env, now)
}
const refusal = (text: string | Uint8Array): ConfigError => {
  try {
    load(text)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('accepted')
}
/** `line:column code path` of each problem. */
const places = (text: string) => refusal(text).problems.map(({ line, column, code, path }) => `${line}:${column} ${code} ${path}`)
/** The example with one text replaced; the text must stand there. */
const changed = (from: string, to: string) => {
  expect(example).toContain(from)
  return example.replace(from, to)
}
/** Where a text stands in a file, as `line:column`. */
const at = (text: string, part: string) => {
  const before = text.slice(0, text.indexOf(part)).split('\n')
  return `${before.length}:${before.at(-1)!.length + 1}`
}

describe('a configuration that is accepted', () => {
  it('is the documented example, made exact', () => {
    const { config, digest, text, warnings } = load(example)
    expect(warnings).toEqual([])
    expect(text).toBe(example)
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(config.gateway).toEqual({
      origin: 'example.org/prod',
      instance: 'main',
      data: join(folder, 'data'),
      durability: 'disk',
      listen: { postgres: { host: '0.0.0.0', port: 5432 }, token: { host: '0.0.0.0', port: 8444 } },
      tls: { names: ['gw.example.org'] },
      masterKey: { from: 'file', path: join(folder, 'master.key') },
      drain: 30_000,
    })
    expect(config.resources[0]).toMatchObject({
      host: 'orders.internal',
      port: 5432,
      tls: { verify: 'full', ca: { from: 'file', path: join(folder, 'orders-ca.pem') } },
      credentials: [{ as: 'reader', user: 'gatescribe_ro', password: { from: 'secret', name: 'orders-ro' } }],
    })
    expect(config.rules[1]).toEqual({
      name: 'freeze',
      effect: 'deny',
      on: { tags: ['pii'] },
      do: ['postgres.*'],
      say: 'The data is frozen until the audit is over; stop and report that.',
      until: Date.parse('2026-12-01T06:00:00Z'),
    })
  })

  it('verifies a target in full where tls is not mentioned', () => {
    const { config } = load(changed('    tls: { verify: full, ca: file:./orders-ca.pem }\n', ''))
    expect(config.resources.find((each) => each.kind === 'postgres')!.tls).toEqual({ verify: 'full' })
  })

  it('splits a command at spaces and leaves its words alone', () => {
    const { config } = load(changed('"secret:orders-ro"', '"command:/usr/bin/mint  --for $HOME;x"'))
    expect(config.resources.find((each) => each.kind === 'postgres')!.credentials[0]).toMatchObject({
      password: { from: 'command', path: '/usr/bin/mint', arguments: ['--for', '$HOME;x'] },
    })
  })

  it('reads the keys of an issuer that cannot be reached from a file, and refuses private ones', () => {
    writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] }))
    const text = changed('    groups: ["repo:{repository}"]', '    jwks: file:./keys.json\n    groups: ["repo:{repository}"]')
    expect(load(text).config.issuers[0]!.keys).toMatchObject({ from: 'inline', jwks: { keys: [{ kty: 'EC' }] } })
    writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'hunter2' }] }))
    expect(refusal(text).problems[0]).toMatchObject({ code: 'GS_CONFIG_WRONG_VALUE', path: 'issuers[0].jwks' })
    expect(refusal(text).message).not.toContain('hunter2')
  })

  it('has a published JSON Schema that is not stale', () => {
    expect(readFileSync(resolve('schema/gatescribe.schema.json'), 'utf8')).toBe(jsonSchema())
  })
})

describe('a file that is not the YAML that is accepted', () => {
  it.each([
    ['an unquoted tag', changed('    say: The', '    say: !The'), 'GS_CONFIG_SYNTAX'],
    ['a field twice', changed('  drain: 30s', '  drain: 30s\n  drain: 40s'), 'GS_CONFIG_SYNTAX'],
    [
      'an alias',
      changed('    tags: [prod, pii]', '    tags: &t [prod, pii]').replace('on: { tags: [pii] }', 'on: { tags: *t }'),
      'GS_CONFIG_SYNTAX',
    ],
    ['two documents', `${example}\n---\n{}\n`, 'GS_CONFIG_SYNTAX'],
    ['a tab as indentation', changed('  drain', '\tdrain'), 'GS_CONFIG_SYNTAX'],
    ['a key that is no string', `${example}\n1: x\n`, 'GS_CONFIG_SYNTAX'],
    ['an open bracket', `${example}\nx: [`, 'GS_CONFIG_SYNTAX'],
    ['a hundred thousand brackets', '['.repeat(100_000), 'GS_CONFIG_SYNTAX'],
    ['an exponential nest of aliases', `a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n`, 'GS_CONFIG_SYNTAX'],
    ['nothing', '', 'GS_CONFIG_SYNTAX'],
    ['a NUL', `${example}\0`, 'GS_CONFIG_UNREADABLE'],
    ['more than 1 MiB', `${example}#${'x'.repeat(1024 * 1024)}`, 'GS_CONFIG_UNREADABLE'],
    ['no UTF-8', Buffer.from([0x67, 0xff, 0xfe]), 'GS_CONFIG_UNREADABLE'],
  ])('is refused for %s', (_, text, code) => {
    expect(refusal(text).code).toBe(code)
  })

  it('is told the line and column, and never what stands there', () => {
    const text = changed('"secret:orders-ro"', 'hunter2: hunter2')
    const { message, problems } = refusal(text)
    expect(message).not.toContain('hunter2')
    expect(problems[0]!.line).toBe(Number(at(text, '      - { as: reader').split(':')[0]))
  })

  it('is refused where there is no file, or a folder', () => {
    expect(() => loadConfig(join(folder, 'none.yaml'), {})).toThrow(expect.objectContaining({ code: 'GS_CONFIG_UNREADABLE' }))
    expect(() => loadConfig(folder, {})).toThrow(expect.objectContaining({ code: 'GS_CONFIG_UNREADABLE' }))
  })
})

describe('a field that is wrong', () => {
  it.each([
    ['aliasses', '    aliases: [orders-prod]', '    aliasses: [orders-prod]', 'GS_CONFIG_UNKNOWN_FIELD', 'Did you mean aliases?'],
    ['gatway', 'gateway:', 'gatway:', 'GS_CONFIG_UNKNOWN_FIELD', 'Did you mean gateway?'],
    ['<<', '  drain: 30s', '  <<: { drain: 30s }', 'GS_CONFIG_UNKNOWN_FIELD', 'Remove it; the fields here are origin'],
    ['30', 'drain: 30s', 'drain: 30', 'GS_CONFIG_WRONG_VALUE', 'Write for example 30s.'],
    ['permit', 'effect: allow', 'effect: permit', 'GS_CONFIG_WRONG_VALUE', 'Write for example effect: allow.'],
    ['orders.internal', 'address: orders.internal:5432', 'address: orders.internal', 'GS_CONFIG_WRONG_VALUE', 'orders.internal:5432'],
    ['orders.internal:65536', 'address: orders.internal:5432', 'address: orders.internal:65536', 'GS_CONFIG_WRONG_VALUE', 'ports'],
    ['[]', 'on: { tags: [pii] }', 'on: { tags: [] }', 'GS_CONFIG_WRONG_VALUE', 'Name at least one'],
    ['{}', 'on: { tags: [pii] }', 'on: {}', 'GS_CONFIG_WRONG_VALUE', 'leave it out'],
    ['"github"', '"github/repo:acme/reports"', '"github"', 'GS_CONFIG_WRONG_VALUE', 'github/repo:acme/reports'],
    ['2026-02-30T06:00:00', '2026-12-01T06:00:00Z', '2026-02-30T06:00:00', 'GS_CONFIG_WRONG_VALUE', 'time zone'],
    ['secret:master', 'file:./master.key', 'secret:master', 'GS_CONFIG_LITERAL_SECRET', 'file:./master.key'],
    ['gw', 'tls: { names: [gw.example.org] }', 'tls: gw', 'GS_CONFIG_WRONG_VALUE', 'names'],
  ])('is refused where it stands: %s', (part, from, to, code, says) => {
    const text = changed(from, to)
    const problem = refusal(text).problems.find((one) => one.code === code)!
    expect(problem).toBeDefined()
    const offset = text.indexOf(to) + to.indexOf(part)
    const before = text.slice(0, offset).split('\n')
    expect([problem.line, problem.column]).toEqual([before.length, before.at(-1)!.length + 1])
    expect(`${problem.message} ${problem.next}`).toContain(says)
  })

  it('is reported as missing at the map that lacks it', () => {
    const text = changed('    audience: https://gw.example.org\n', '')
    expect(places(text)).toEqual([`${at(text, 'name: github')} GS_CONFIG_MISSING_FIELD issuers[0].audience`])
    expect(refusal(text).problems[0]!.next).toContain('audience: https://gw.example.org')
  })

  it('is not repeated where its name is what is wrong: a name may hold what a terminal obeys', () => {
    const error = refusal(changed('databases: { orders: orders', 'databases: { "\\e[2J": orders'))
    expect(error.problems).toMatchObject([{ code: 'GS_CONFIG_WRONG_VALUE', path: 'resources[0].databases' }])
    expect(error.message).not.toContain('\u001b')
  })

  it('does not hide the others: all problems come at once, in the order of the file', () => {
    const text = changed('drain: 30s', 'drain: soon').replace('effect: allow', 'effect: permit').replace('kind: postgres', 'kind: mysql')
    expect(refusal(text).problems.map(({ path }) => path)).toEqual(['gateway.drain', 'resources[0].kind', 'rules[0].effect'])
    expect(refusal(text).code).toBe('GS_CONFIG_WRONG_VALUE')
  })

  it.each(['hunter2', 'p@ss:word', 'ENV:X', 'file:', 'command:relative', 'secret:UPPER CASE'])(
    'is never repeated where a secret belongs: %s',
    (literal) => {
      const text = changed('"secret:orders-ro"', JSON.stringify(literal))
      const error = refusal(text)
      expect(error.problems).toHaveLength(1)
      expect(error.problems[0]).toMatchObject({ code: 'GS_CONFIG_LITERAL_SECRET', path: 'resources[0].credentials[0].password' })
      if (literal.length > 5) expect(JSON.stringify([error.message, error.problems, error.stack])).not.toContain(`${literal}"`)
      expect(error.message).not.toContain('hunter2')
    },
  )
})

describe('the trail', () => {
  const KEY = 'witness.example/w1+6c2c5b1a+'
  const witness = `${KEY}AAAA`

  it('is kept as long as is said, and witnessed by whom is said', () => {
    const { trail } = load(example).config
    expect(trail.retain).toEqual({ entries: { count: 13, unit: 'mo' }, payloads: { count: 90, unit: 'd' } })
    expect(trail.witnesses).toBeUndefined()
    const vkey = cosignatureSigner('witness.example/w1', Buffer.alloc(32, 1), () => 0).vkey
    const text = changed('  retain:', `  witnesses: { need: 1, of: [{ url: "http://127.0.0.1:8446", key: "${vkey}" }] }\n  retain:`)
    expect(load(text).config.trail.witnesses).toEqual({ need: 1, of: [{ url: 'http://127.0.0.1:8446', key: vkey }] })
  })

  it.each([
    ['entries: 13mo', 'entries: 13', 'trail.retain.entries'],
    ['entries: 13mo', 'entries: 0d', 'trail.retain.entries'],
    ['  retain:', `  witnesses: { need: 0, of: [{ url: "https://w", key: "${witness}" }] }\n  retain:`, 'trail.witnesses.need'],
    ['  retain:', `  witnesses: { need: 1, of: [{ url: "https://w", key: "${witness}" }] }\n  retain:`, 'trail.witnesses.of[0].key'],
    ['  retain:', `  witnesses: { need: 1, of: [] }\n  retain:`, 'trail.witnesses.of'],
    ['  retain:', `  witnesses: { need: 1, of: [{ url: "http://elsewhere", key: "${witness}" }] }\n  retain:`, 'trail.witnesses.of[0].url'],
    ['  retain:', `  witnesses: { need: 1, of: [{ url: "https://w/?x", key: "${witness}" }] }\n  retain:`, 'trail.witnesses.of[0].url'],
  ])('refuses what cannot be (%#)', (from, to, path) => {
    expect(refusal(changed(from, to)).problems.map((problem) => problem.path)).toContain(path)
  })

  it('wants no more witnesses than there are', () => {
    const vkey = cosignatureSigner('witness.example/w1', Buffer.alloc(32, 1), () => 0).vkey
    const text = changed('  retain:', `  witnesses: { need: 2, of: [{ url: "https://w", key: "${vkey}" }] }\n  retain:`)
    expect(refusal(text).problems).toMatchObject([{ path: 'trail.witnesses', message: expect.stringContaining('More witnesses') }])
  })
})

describe('rules', () => {
  const first = '    do: [postgres.*]\n  - name: freeze'
  const withRule = (more: string) => changed(first, `${more}\n  - name: freeze`)

  it('hold effects, a condition and limits, made exact', () => {
    const text = withRule(`    do: [postgres.read, postgres.create table]
    when: sql.statements == 1
    limits: { rows: 100, bytes: 10MiB, statementBytes: 64KiB, time: 30s }`)
    expect(load(text).config.rules[0]).toMatchObject({
      do: ['postgres.read', 'postgres.create table'],
      when: 'sql.statements == 1',
      limits: { rows: 100, bytes: 10 * 1024 * 1024, statementBytes: 64 * 1024, time: 30_000 },
    })
    expect(load(`${example}\nlimits: { statementBytes: 1MiB, resultRows: 1000000 }\n`).config.limits).toEqual({
      statementBytes: 1024 * 1024,
      resultRows: 1_000_000,
    })
    expect(load(example).config.limits).toEqual({})
  })

  it.each([
    ['    do: ["*"]', 'rules[0].do[0]', 'Write postgres.*'],
    ['    do: [postgres.raed]', 'rules[0].do[0]', 'Did you mean postgres.read?'],
    ['    do: [postgres.create tabel]', 'rules[0].do[0]', 'Did you mean postgres.create table?'],
    ['    do: [postgres.read]\n    limits: {}', 'rules[0].limits', 'Write for example limits'],
    ['    do: [postgres.read]\n    limits: { rows: 0 }', 'rules[0].limits.rows', '10000'],
    ['    do: [postgres.read]\n    limits: { bytes: 10MB }', 'rules[0].limits.bytes', '100MiB'],
    ['    do: [postgres.read]\n    when: true', 'rules[0].when', 'in quotes'],
    ['    do: [postgres.read]\n    when: size(sql.reads)', 'rules[0].when', 'Compare it'],
    ['    do: [postgres.read]\n    when: sql.tables == []', 'rules[0].when', 'The fields here are actions, classes'],
    ['    do: [postgres.read]\n    when: "sql.bounded &&"', 'rules[0].when', 'docs/rules.md'],
  ])('are refused at their place, with what to write instead (%#)', (more, path, next) => {
    const [problem, ...others] = refusal(withRule(more)).problems
    expect(others).toEqual([])
    expect(problem).toMatchObject({ path, code: 'GS_CONFIG_WRONG_VALUE', next: expect.stringContaining(next) })
  })

  it('say where in a condition the mistake is', () => {
    const text = withRule('    do: [postgres.read]\n    when: sql.bounded && sql.writs == []')
    const [problem] = refusal(text).problems
    expect(problem?.message).toContain('At character 20, writs')
    expect(places(text)).toEqual([`${at(text, 'sql.bounded')} GS_CONFIG_WRONG_VALUE rules[0].when`])
  })
})

describe('what is not enforced', () => {
  it('is refused by name at its place, section or field, and nothing else is said of it', () => {
    const whole = `${example}
config: { signers: [ada] }
roles: {}
limits: { idle: 30m, session: 8h, resultRows: 10 }
`
    expect(places(whole).map((place) => place.replace(/^\S+ /, ''))).toEqual(
      ['config', 'limits.idle', 'limits.session'].map((section) => `GS_CONFIG_NOT_SUPPORTED ${section}`),
    )
    expect(places(whole)[0]).toBe(`${at(whole, 'config:')} GS_CONFIG_NOT_SUPPORTED config`)
  })

  it.each([['  drain: 30s', '  durability: postgres', 'gateway.durability']])(
    'is refused although the design has it (%#)',
    (from, to, path) => {
      expect(refusal(changed(from, to)).problems.map((problem) => [problem.code, problem.path])).toEqual([
        ['GS_CONFIG_NOT_SUPPORTED', path],
      ])
    },
  )
})
