import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { threadTime } from '../../test/parts/thread-time.ts'
import { passedEnvironment } from './passed-environment.ts'

const jwt = (payload: object) => `${btoa('{"alg":"RS256"}')}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`
const identity = { token: jwt({ aud: 'https://gw', jti: '1' }), audience: 'https://gw' }

it('passes what is named, and says of the rest why it is not there', () => {
  const env = {
    ...{ PATH: '/bin', LC_ALL: 'C', PWD: '/work', OLDPWD: '/', GITHUB_SHA: 'abc', APP_MODE: 'x' },
    ...{ ACTIONS_RUNTIME_TOKEN: 'x', AZURE_FEDERATED_TOKEN_FILE: '/f', AWS_PROFILE: 'p', GITHUB_ENV: '/g', PGHOST: 'db', DB_PASSWORD: 'x' },
  }
  expect(passedEnvironment({ env })).toEqual({
    variables: { PATH: '/bin', LC_ALL: 'C', PWD: '/work', OLDPWD: '/', GITHUB_SHA: 'abc' },
    removed: {
      identity: ['ACTIONS_RUNTIME_TOKEN', 'AZURE_FEDERATED_TOKEN_FILE'],
      cloud: ['AWS_PROFILE'],
      'ci-commands': ['GITHUB_ENV'],
      credential: ['DB_PASSWORD'],
      elsewhere: ['PGHOST'],
      unnamed: ['APP_MODE'],
    },
    credentials: [],
  })
})

it('passes no value that looks like a credential, whatever it is called', () => {
  const env = { PYTHONPATH: 'ghp_0123456789abcdefghijABCDEFGHIJ012345', GITHUB_SERVER_URL: 'https://x-access-token:hunter22@github.com' }
  expect(passedEnvironment({ env }).removed.credential).toEqual(['GITHUB_SERVER_URL', 'PYTHONPATH'])
})

describe('what is asked for', () => {
  it('is passed by its name, and told where it looks like a credential', () => {
    const env = { DB_PASSWORD: 'hunter2', GITHUB_OUTPUT: '/o', APP_MODE: 'x' }
    const { variables, credentials } = passedEnvironment({ env, pass: ['DB_PASSWORD', 'GITHUB_OUTPUT', 'APP_*'] })
    expect(variables).toEqual(env)
    expect(credentials).toEqual(['DB_PASSWORD'])
  })

  it.each(['ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'GATESCRIBE_ID_TOKEN', 'SYSTEM_ACCESSTOKEN', 'IDENTITY_HEADER'])(
    'is refused where it proves who the job is: %s',
    (name) => {
      expect(() => passedEnvironment({ env: { [name]: 'x' }, pass: [name] })).toThrow(
        expect.objectContaining({ code: 'GS_LAUNCH_NOT_PASSED' }),
      )
    },
  )

  it('is refused where it is no name', () => {
    for (const name of ['', '*', 'A B', 'A=B', '**', 'A*B'])
      expect(() => passedEnvironment({ env: {}, pass: [name] })).toThrow(expect.objectContaining({ code: 'GS_LAUNCH_NOT_PASSED' }))
  })
})

it('never passes a token that is for the gateway, under any name and whatever is asked for', () => {
  const forGateway = [identity.token, `${identity.token}\n`, jwt({ aud: 'https://gw' }), jwt({ aud: ['x', 'https://gw'] })]
  const around = forGateway.flatMap((token) => [`Authorization: Bearer ${token}`, `{"id_token":"${token}"}`, `a.b ${token}`])
  const values = fc.constantFrom(...forGateway, ...around)
  const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,20}$/)
  fc.assert(
    fc.property(name, values, (each, value) => {
      expect(passedEnvironment({ env: { [each]: value }, pass: [`${each}*`], identity }).variables).toEqual({})
      expect(() => passedEnvironment({ env: { [each]: value }, pass: [each], identity })).toThrow()
    }),
  )
  const other = { env: { ELSEWHERE_JWT: jwt({ aud: 'https://other' }) }, pass: ['ELSEWHERE_JWT'], identity }
  expect(passedEnvironment(other).credentials).toEqual(['ELSEWHERE_JWT'])
})

it('looks through long values in no time', () => {
  const env = { A: 'a'.repeat(120_000), B: 'a.'.repeat(60_000), C: `a.${'b'.repeat(120_000)}` }
  const began = threadTime()
  passedEnvironment({ env, pass: ['A', 'B', 'C'], identity })
  expect(threadTime() - began).toBeLessThan(2_000)
})
