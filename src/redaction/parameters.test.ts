import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parametersAreSecret, redactParameters, redactSql } from './index.ts'

/** The parameters of a Bind as on the wire. */
function bind(values: readonly (string | Uint8Array | null)[], formats: readonly number[] = [], results: readonly number[] = []): Buffer {
  const int16 = (value: number) => Buffer.from([value >> 8, value & 0xff])
  const parts = [int16(formats.length), ...formats.map(int16), int16(values.length)]
  for (const value of values) {
    const length = Buffer.alloc(4)
    const bytes = value === null ? undefined : Buffer.from(value)
    length.writeInt32BE(bytes?.length ?? -1)
    parts.push(length, bytes ?? Buffer.alloc(0))
  }
  return Buffer.concat([...parts, int16(results.length), ...results.map(int16)])
}

describe('parameters', () => {
  it('without a secret are the same object', () => {
    const wire = bind(['Bob', null, Buffer.from([0, 0, 0, 7]), ''], [0, 0, 1, 0], [1])
    expect(redactParameters(wire).content).toBe(wire)
  })

  it('lose a secret that shows itself, and keep their form', () => {
    const wire = bind(['Bob', null, 'postgres://bob:hunter2-Xyzzy9@h/d', '{"password":"Plugh4"}'], [0], [1, 0])
    const { content, found } = redactParameters(wire)
    expect(content).toEqual(
      bind(['Bob', null, 'postgres://bob:«redacted:connection-string»@h/d', '{"password":"«redacted:password»"}'], [0], [1, 0]),
    )
    expect(found).toEqual([
      { kind: 'connection-string', count: 1 },
      { kind: 'password', count: 1 },
    ])
    expect(redactParameters(content).content).toBe(content)
  })

  it('are replaced where the statement says so, whatever they hold, but for NULL', () => {
    const wire = bind(['Bob', 'hunter2', null, Buffer.from([0, 0, 0, 7]), ''])
    expect(redactParameters(wire, new Set([2, 3])).content).toEqual(
      bind(['Bob', '«redacted:parameter»', null, Buffer.from([0, 0, 0, 7]), '']),
    )
    const all = redactParameters(wire, 'all')
    expect(all.content).toEqual(bind(['«redacted:parameter»', '«redacted:parameter»', null, '«redacted:parameter»', '']))
    expect(all.found).toEqual([{ kind: 'parameter', count: 3 }])
    expect(redactParameters(all.content, 'all').content).toBe(all.content)
  })

  it('that are none are read as one text, or replaced where the statement says so', () => {
    const cut = bind(['password=hunter2-Xyzzy9']).subarray(0, -2)
    expect(Buffer.from(redactParameters(cut).content).includes('hunter2')).toBe(false)
    for (let length = 0; length < cut.length; length++) {
      const { content, whole } = redactParameters(cut.subarray(0, length), 'all')
      expect({ text: Buffer.from(content).toString(), whole }).toEqual({ text: '«redacted:content»', whole: true })
    }
  })

  it('come out with every value in its place, whatever the values', () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom('password=hunter2', 'gs_pg_0123456789abcdefghjk'),
    )
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), fc.array(fc.constantFrom(0, 1), { maxLength: 3 }), (values, formats) => {
        const { content } = redactParameters(bind(values, formats))
        const shown = values.map((each) =>
          each === 'password=hunter2' ? 'password=«redacted:password»' : typeof each === 'string' ? '«redacted:pg-credential»' : each,
        )
        expect(Buffer.from(content)).toEqual(bind(shown, formats))
      }),
    )
  })

  it('never fail to be read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom('all' as const, new Set([1]), new Set<number>()), (wire, secret) => {
        redactParameters(wire, secret)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('parameters that stand where a secret belongs', () => {
  const secretOf = (text: string) => {
    const { secretParameters } = redactSql(Buffer.from(text))
    return secretParameters === 'all' ? 'all' : [...secretParameters].sort()
  }

  it.each<[text: string, secret: readonly number[] | 'all']>([
    ['SELECT $1', []],
    ['SELECT id, password FROM users WHERE id = $1', []],
    ['UPDATE users SET name = $1, password = $2 WHERE id = $3', [2]],
    ['UPDATE users SET password = crypt($1, gen_salt($2)) WHERE id = $3', [1, 2]],
    ['UPDATE users SET (id, password) = ($1, $2)', [1, 2]],
    ['INSERT INTO users (name, password, city) VALUES ($1, $2, $3), ($4, $5, $6)', [2, 5]],
    ['INSERT INTO users (name, password) SELECT $1, $2', [2]],
    ['SELECT * FROM users WHERE name = $1 AND password = $2', [2]],
    ['SELECT * FROM users WHERE $1 = password', [1]],
    ['SELECT * FROM sessions WHERE token = ANY($1)', [1]],
    ['SELECT crypt($1, password_hash) FROM users WHERE id = $2', [1]],
    ['SELECT pgp_sym_encrypt($1, $2), $3', [1, 2]],
    ['SELECT dblink_connect($1)', [1]],
    ["SELECT dblink_exec('c', $1), $2", [1]],
    ["SELECT set_config('app.token', $1, true)", [1]],
    ["SELECT jsonb_build_object('name', $1, 'password', $2)", [2]],
    ['SELECT check_login(name => $1, password => $2)', [2]],
    ["SELECT dblink_connect('host=h password=' || $1)", [1]],
    ["SELECT 'ALTER ROLE bob PASSWORD ' || quote_literal($1)", [1]],
    ["ALTER ROLE bob PASSWORD 'x", 'all'],
  ])('are known: %s', (text, secret) => {
    expect(secretOf(text)).toEqual(secret)
    expect(parametersAreSecret(redactSql(Buffer.from(text)))).toBe(secret === 'all' || secret.length > 0)
  })
})
