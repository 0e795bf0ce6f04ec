import { pbkdf2Sync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { saslPrep } from './saslprep.ts'
import { attributes, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramError, scramKeys } from './scram.ts'
import { MOST_ITERATIONS, ScramClient } from './scram-client.ts'
import { ScramServer } from './scram-server.ts'

// RFC 7677 §3
const vector = {
  clientNonce: 'rOprNGfwEbeRWgbNEkqO',
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal: 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
}

function verifierOf(password: string, salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), iterations = 4096) {
  const { storedKey, serverKey } = scramKeys(pbkdf2Sync(password, salt, iterations, 32, 'sha256'))
  return { salt, iterations, storedKey, serverKey }
}

const binding = Buffer.alloc(32, 7)
const server = (over: Partial<ConstructorParameters<typeof ScramServer>[0]> = {}) =>
  new ScramServer({
    mechanism: SCRAM_SHA_256,
    verifier: verifierOf('pencil'),
    serverNonce: vector.serverNonce,
    binding: undefined,
    ...over,
  })

function reasonOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof ScramError) return error.reason
    throw error
  }
  return 'accepted'
}

describe('the server', () => {
  it('answers as RFC 7677 does', () => {
    const exchange = server()
    expect(exchange.first(vector.clientFirst)).toBe(vector.serverFirst)
    expect(exchange.final(vector.clientFinal)).toBe(vector.serverFinal)
  })

  it('refuses a proof made with another password', () => {
    const exchange = server({ verifier: verifierOf('crayon') })
    exchange.first(vector.clientFirst)
    expect(reasonOf(() => exchange.final(vector.clientFinal))).toBe('proof')
  })

  it('refuses the same proof a second time', () => {
    const exchange = server()
    exchange.first(vector.clientFirst)
    exchange.final(vector.clientFinal)
    expect(reasonOf(() => exchange.final(vector.clientFinal))).toBe('malformed')
  })

  it('detects that its offer of channel binding was removed', () => {
    expect(reasonOf(() => server({ binding }).first('y,,n=,r=abc'))).toBe('downgraded')
    expect(reasonOf(() => server().first('y,,n=,r=abc'))).toBe('accepted')
  })

  it('refuses a client that chose a binding that was not offered', () => {
    expect(reasonOf(() => server({ mechanism: SCRAM_SHA_256_PLUS }))).toBe('malformed')
  })

  it.each([
    ['a flag without binding under -PLUS', SCRAM_SHA_256_PLUS, 'n,,n=,r=abc'],
    ['a binding under the plain mechanism', SCRAM_SHA_256, 'p=tls-server-end-point,,n=,r=abc'],
    ['another binding', SCRAM_SHA_256_PLUS, 'p=tls-unique,,n=,r=abc'],
    ['an authorization identity', SCRAM_SHA_256, 'n,a=admin,n=,r=abc'],
    ['a mandatory extension', SCRAM_SHA_256, 'n,,m=x,n=,r=abc'],
    ['a mandatory extension at the end', SCRAM_SHA_256, 'n,,n=,r=abc,m=x'],
    ['an empty nonce', SCRAM_SHA_256, 'n,,n=,r='],
    ['a nonce with control characters', SCRAM_SHA_256, 'n,,n=,r=a\u0001b'],
    ['no nonce', SCRAM_SHA_256, 'n,,n='],
    ['nothing', SCRAM_SHA_256, ''],
  ] as const)('refuses %s', (_, mechanism, message) => {
    expect(reasonOf(() => server({ mechanism, binding }).first(message))).toBe('malformed')
  })

  it('refuses a final message for another nonce or another header', () => {
    for (const [from, to] of [
      ['c=biws', 'c=eSws'], // y,,
      ['r=rOpr', 'r=rOpx'],
      ['p=dHzb', 'p=!Hzb'],
    ] as const) {
      const exchange = server()
      exchange.first(vector.clientFirst)
      expect(reasonOf(() => exchange.final(vector.clientFinal.replace(from, to)))).not.toBe('accepted')
    }
  })

  it('throws nothing but ScramError on hostile bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 200 }), (first, final) => {
        const exchange = server()
        expect(reasonOf(() => exchange.first(first))).toMatch(/malformed|downgraded|accepted/)
        const begun = server()
        begun.first(vector.clientFirst)
        expect(reasonOf(() => begun.final(final))).not.toBe('accepted')
      }),
    )
  })
})

describe('the client', () => {
  it.each([
    ['no channel binding', {}, SCRAM_SHA_256, undefined],
    ['a server that lacks it', { serverLacksBinding: true }, SCRAM_SHA_256, undefined],
    ['channel binding', { binding }, SCRAM_SHA_256_PLUS, binding],
  ] as const)('agrees with the server with %s', async (_, over, mechanism, bound) => {
    const exchange = server({ mechanism, binding: bound })
    const client = new ScramClient({ password: 'pencil', nonce: vector.clientNonce, ...over })
    client.verify(exchange.final(await client.answer(exchange.first(client.first()))))
  })

  it('is refused where it is bound to another certificate', async () => {
    const exchange = server({ mechanism: SCRAM_SHA_256_PLUS, binding: Buffer.alloc(32, 8) })
    const client = new ScramClient({ password: 'pencil', nonce: vector.clientNonce, binding })
    const final = await client.answer(exchange.first(client.first()))
    expect(reasonOf(() => exchange.final(final))).toBe('downgraded')
  })

  it.each(['0', '-1', '1e3', '01', '', String(MOST_ITERATIONS + 1), '1000000000'])('refuses %j iterations', async (iterations) => {
    const client = new ScramClient({ password: 'pencil', nonce: 'abc' })
    await expect(client.answer(`r=abcdef,s=AAAA,i=${iterations}`)).rejects.toMatchObject({ reason: 'weak' })
  })

  it.each(['r=abc,s=AAAA,i=1', 'r=xbcd,s=AAAA,i=1', 'r=abcd,s=,i=1', 'r=abcd,s=A,i=1', 'r=abcd,i=1', 'm=1,r=abcd,s=AAAA,i=1', 'e=no'])(
    'refuses %s',
    async (message) => {
      const client = new ScramClient({ password: 'pencil', nonce: 'abc' })
      await expect(client.answer(message)).rejects.toMatchObject({ reason: 'malformed' })
    },
  )

  it('refuses a server that does not know the password', async () => {
    const client = new ScramClient({ password: 'pencil', nonce: 'abc' })
    expect(reasonOf(() => client.verify(vector.serverFinal))).toBe('malformed')
    await client.answer('r=abcd,s=AAAA,i=1')
    expect(reasonOf(() => client.verify(vector.serverFinal))).toBe('proof')
    expect(reasonOf(() => client.verify('e=other-error'))).toBe('proof')
  })
})

describe('passwords', () => {
  it.each([
    // RFC 4013 §3
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['a\u00a0b', 'a b'],
    // Prohibited: unchanged, as PostgreSQL does
    ['\u0007\u2168', '\u0007\u2168'],
    ['tab\there', 'tab\there'],
  ])('prepares %j', (password, prepared) => {
    expect(saslPrep(password)).toBe(prepared)
  })
})

it('reads extensions behind what it expects', () => {
  expect(attributes('v=1,x=2', ['v'])).toEqual({ v: '1' })
})
