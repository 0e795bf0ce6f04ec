import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { threadTime } from '../../test/parts/thread-time.ts'
import { CredentialsError } from './errors.ts'
import { readExecCredential } from './exec-credential.ts'
import { readKubeconfig } from './kubeconfig.ts'

const apiVersion = 'client.authentication.k8s.io/v1'
const program = { apiVersion, command: '/plugin' } as const
const now = 1_700_000_000_000
const printed = JSON.stringify({
  ...{ apiVersion, kind: 'ExecCredential', spec: { interactive: false } },
  status: { token: 'hunter2', expirationTimestamp: '2030-01-01T00:00:00Z' },
})
const file = stringify({
  ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
  clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443', 'certificate-authority-data': 'UEVN' } }],
  users: [{ name: 'u', user: { exec: { apiVersion, command: 'aws', args: ['a'], env: [{ name: 'A', value: 'hunter2' }] } } }],
  contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
})

/** @returns whether it was read; else it was refused by name, without a word of it */
function survives(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error
    expect(error.message).not.toContain('hunter2')
    return false
  }
}

/** A text with a few characters changed, taken away or doubled. */
const mutated = (text: string) =>
  fc
    .array(fc.tuple(fc.nat(text.length - 1), fc.constantFrom('', '{', '"', ':', '\n', '&a', '*a', '!!', '\0', '9'.repeat(400), '-')), {
      minLength: 1,
      maxLength: 4,
    })
    .map((changes) => changes.reduce((at, [offset, by]) => at.slice(0, offset) + by + at.slice(offset + 1), text))

describe.each([
  ['what a program prints', printed, (text: string) => readExecCredential(text, program, now)],
  ['a kubeconfig', file, (text: string) => readKubeconfig(text, '/etc/kubeconfig')],
] as const)('%s', (_, sample, read) => {
  it('is read as it is, and refused where it is cut', () => {
    expect(survives(() => read(sample))).toBe(true)
    let refused = 0
    for (let end = 0; end < sample.length - 1; end++) if (!survives(() => read(sample.slice(0, end)))) refused++
    expect(refused / sample.length).toBeGreaterThan(0.9)
  })

  it('is read or refused by name, whatever was changed in it', () => {
    let understood = 0
    let runs = 0
    fc.assert(
      fc.property(mutated(sample), (text) => {
        runs += 1
        if (survives(() => read(text))) understood += 1
      }),
      { numRuns: 1_500 },
    )
    // Neither all nor nothing: changes reach what is behind the syntax.
    expect(understood / runs).toBeGreaterThan(0.02)
    expect(understood / runs).toBeLessThan(0.98)
  })

  it('is refused by name, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })), (text) => {
        expect(survives(() => read(text))).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})

it('a kubeconfig that unfolds is refused before it does', () => {
  const bomb = [
    'a: &a [x,x]',
    ...Array.from({ length: 30 }, (_, at) => `b${at}: &b${at} [*${at === 0 ? 'a' : `b${at - 1}`},*${at === 0 ? 'a' : `b${at - 1}`}]`),
  ]
  const began = threadTime()
  expect(survives(() => readKubeconfig(`${file}${bomb.join('\n')}`, '/etc/kubeconfig'))).toBe(false)
  expect(threadTime() - began).toBeLessThan(1_000)
})
