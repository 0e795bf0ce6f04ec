import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { ExchangeAnswer } from '../api/token/index.ts'
import { envFileLines, exportLines, jobEnvironment, unsetLines } from './job-environment.ts'

const answer = (over: Partial<ExchangeAnswer['gatescribe']['planes']['postgres']> = {}): ExchangeAnswer => ({
  access_token: 'gs_run_handle',
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  token_type: 'Bearer',
  expires_in: 900,
  gatescribe: {
    run: 'run_one',
    joined: false,
    planes: { postgres: { credential: 'gs_pg_secret', user: 'run_one', expires_in: 900, ...over } },
  },
})
const gateway = new URL('https://gw.example.org:8444')

describe('the environment of a job', () => {
  it('points PostgreSQL clients at the gateway, with full verification', () => {
    expect(jobEnvironment(answer({ port: 6432 }), { gateway, caFile: '/etc/ca.pem' })).toEqual({
      PGHOST: 'gw.example.org',
      PGPORT: '6432',
      PGUSER: 'run_one',
      PGPASSWORD: 'gs_pg_secret',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: '/etc/ca.pem',
    })
  })

  it("takes the gateway's own word for host and port, and the system's roots where no CA is named", () => {
    expect(jobEnvironment(answer({ host: 'pg.example.org' }), { gateway })).toMatchObject({
      PGHOST: 'pg.example.org',
      PGPORT: '5432',
      PGSSLROOTCERT: 'system',
    })
  })

  it('writes an IPv6 address as libpq wants it', () => {
    expect(jobEnvironment(answer(), { gateway: new URL('https://[::1]:8444') }).PGHOST).toBe('::1')
  })

  it('does not give the run handle to the job', () => {
    const environment = jobEnvironment(answer(), { gateway })
    expect(exportLines(environment) + envFileLines(environment)).not.toContain('gs_run_handle')
  })

  it('writes lines that a shell reads back exactly, whatever is in them', () => {
    const hostile = `'; touch /tmp/owned; echo "$(id)" \\ \``
    const script = `${exportLines(jobEnvironment(answer({ credential: hostile }), { gateway }))}printf %s "$PGPASSWORD"`
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(hostile)
  })

  it('refuses a value that would begin another line', () => {
    expect(() => jobEnvironment(answer({ credential: 'x\nLD_PRELOAD=/tmp/evil.so' }), { gateway })).toThrow(/cannot be put/)
  })

  it('makes no file with a value that would begin another line', () => {
    expect(() => envFileLines({ HOME: '/h\nLD_PRELOAD=/evil.so' })).toThrow(/cannot be put/)
    expect(exportLines({ HOME: '/a\nb' })).toBe("export HOME='/a\nb'\n")
  })

  it('unsets what a shell can have as a variable, and never runs a name', () => {
    expect(unsetLines(['AWS_PROFILE', 'AWS_$(id)', 'TF_VAR_x;id;', 'PGSSL`id`', 'AWS_A\nid', 'AWS_é', '-f'])).toBe('unset AWS_PROFILE\n')
  })
})
