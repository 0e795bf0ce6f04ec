import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
/** Prints its environment, and every file of its home folder. */
let dump: string

beforeAll(async () => {
  stage = await openStage()
  dump = join(stage.folder, 'dump.mjs')
  writeFileSync(
    dump,
    `import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
const home = process.env.HOME
const files = {}
for (const name of readdirSync(home, { recursive: true })) {
  const path = join(home, name)
  const { mode } = statSync(path)
  files[name] = { mode: (mode & 0o777).toString(8), ...(statSync(path).isFile() && { text: readFileSync(path, 'utf8') }) }
}
console.log(JSON.stringify({ env: process.env, files, mode: (statSync(home).mode & 0o777).toString(8) }))
`,
  )
})
afterAll(() => stage?.close())

interface Dumped {
  readonly env: Readonly<Record<string, string>>
  readonly files: Readonly<Record<string, { readonly mode: string; readonly text?: string }>>
  readonly mode: string
}

async function dumped(words: readonly string[] = [], more: Readonly<Record<string, string>> = {}) {
  const ran = await stage.run([...words, '--', process.execPath, dump], more)
  expect(ran).toMatchObject({ status: 0 })
  return { ...(JSON.parse(ran.stdout) as Dumped), stderr: ran.stderr }
}

/** What a runner may hold that no job is to have. */
const SECRETS = {
  GITHUB_TOKEN: 'ghs_16C7e42F292c6912E7710c838347Ae178B4a',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  AWS_PROFILE: 'prod-profile-5561',
  GOOGLE_APPLICATION_CREDENTIALS: '/secrets/google-5562.json',
  OPENAI_API_KEY: 'sk-proj-5563abcdefghijklmnopqrstuvwxyz',
  ANTHROPIC_API_KEY: 'sk-ant-api03-5564abcdefghijklmnopqrst',
  DATABASE_URL: 'postgres://app:hunter5565@db.example.org/prod',
  PGPASSWORD: 'hunter5566',
  CI_REPOSITORY_URL: 'https://gitlab-ci-token:hunter5567@gitlab.example.org/acme/reports.git',
  ACTIONS_RUNTIME_TOKEN: 'runtime-5568',
  SSH_AUTH_SOCK: '/tmp/agent-5569',
  GITHUB_ENV: '/tmp/commands-5570',
  SOMETHING: 'unheard-of-5571',
  HTTPS_PROXY: 'http://proxy-5572.example.org:3128',
}

it('holds nothing that opens anything but the gateway, and nothing that starts another run', async () => {
  const { env, files, stderr } = await dumped([], SECRETS)
  const all = JSON.stringify([env, files])
  for (const [name, value] of Object.entries(SECRETS)) {
    expect(all, name).not.toContain(value)
    if (name !== 'PGPASSWORD') expect(env, name).not.toHaveProperty(name)
    // What is replaced is not missing; all else is said.
    if (name !== 'PGPASSWORD') expect(stderr, name).toContain(name)
  }
  expect(Object.keys(env).filter((name) => /^ACTIONS_|ID_TOKEN/.test(name))).toEqual([])
  for (const token of stage.github.minted) expect(all).not.toContain(token)
  expect(all).not.toMatch(/gs_run_/)
  expect(env.PGPASSWORD).toMatch(/^gs_pg_/)
})

it('has a home of its own, which nobody else can read and which goes with it', async () => {
  const { env, files, mode } = await dumped()
  expect(mode).toBe('700')
  for (const [name, { mode: each, text }] of Object.entries(files)) expect(each, name).toBe(text === undefined ? '700' : '600')
  expect(Object.keys(files).sort()).toEqual(
    expect.arrayContaining([
      '.docker/config.json',
      '.gatescribe/ca-bundle.pem',
      '.gatescribe/run.json',
      '.netrc',
      '.pg_service.conf',
      '.pgpass',
    ]),
  )
  const run = JSON.parse(files['.gatescribe/run.json']?.text ?? '')
  expect(run).toMatchObject({
    run: env.GATESCRIBE_RUN,
    ca: expect.stringContaining(env.HOME ?? ''),
    planes: { postgres: { user: env.PGUSER } },
  })
  expect(env).toMatchObject({ GATESCRIBE_CALLER_HOME: stage.folder, GATESCRIBE_RUN_FILE: join(env.HOME ?? '', '.gatescribe/run.json') })
  expect(() => readFileSync(env.GATESCRIBE_RUN_FILE ?? '')).toThrow('ENOENT')
  // What the system trusts is still trusted.
  expect(files['.gatescribe/ca-bundle.pem']?.text?.split('BEGIN CERTIFICATE').length).toBeGreaterThan(20)
})

describe('what is passed on', () => {
  it('is what is named, and what begins so and is no credential', async () => {
    const more = { REPORT_DAY: 'monday', REPORT_TOKEN: 'abc', MY_TOKEN: 'mine-77', OTHER: 'x' }
    const { env, stderr } = await dumped(['--pass', 'REPORT_*', '--pass', 'MY_TOKEN'], more)
    expect(env).toMatchObject({ REPORT_DAY: 'monday', MY_TOKEN: 'mine-77' })
    expect(env).not.toHaveProperty('REPORT_TOKEN')
    expect(env).not.toHaveProperty('OTHER')
    expect(stderr).toContain('passed on as asked, though they look like credentials: MY_TOKEN')
  })

  it('is never what proves who the job is, by whatever name: then nothing is started', async () => {
    const ran = await stage.run(['--pass', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN', '--', process.execPath, dump])
    expect(ran).toMatchObject({ status: 125, stdout: '' })
    expect(ran.stderr).toContain('GS_LAUNCH_NOT_PASSED')
    const token = await stage.shop.issuer.mint({ aud: 'https://gateway.test', run_id: '77001' })
    const other = await stage.shop.issuer.mint({ aud: ['https://gateway.test', 'https://other.test'], run_id: '77002' })
    const { env } = await dumped(['--pass', 'HANDED_*', '--token-env', 'HANDED_ON'], {
      HANDED_ON: token,
      HANDED_TWICE: token,
      HANDED_OTHER: other,
    })
    expect(Object.keys(env).filter((name) => name.startsWith('HANDED'))).toEqual([])
  })
})
