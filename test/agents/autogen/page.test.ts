import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { builtCommand } from '../../parts/built.ts'
import { type Ran, runCommand } from '../../parts/command.ts'
import { type GitHubMinting, startGitHubMinting } from '../../parts/github-minting.ts'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import { freePort } from '../../parts/ports.ts'
import { needs } from '../../parts/require.ts'
import { FRAMEWORKS, frameworkPython } from '../python.ts'
import { steps } from '../telling.ts'
import { PASSWORD, startTargets, type Targets } from '../world.ts'

// docs/autogen.md, followed to the letter in an empty folder. Other than there are where the database, the model and the issuer are, ports, and that
// the packages are there already.

const page = readFileSync(join(import.meta.dirname, '../../../docs/autogen.md'), 'utf8')
const blocks = [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }))
const python = frameworkPython('autogen')

const LOOK = 'SELECT c.name, c.email, o.id FROM orders o JOIN customers c ON c.id = o.customer WHERE o.id < 4 ORDER BY o.id'
const story = steps(
  { calls: [{ name: 'query', arguments: { sql: LOOK } }] },
  { calls: [{ name: 'query', arguments: { sql: "UPDATE orders SET note = 'overdue'" } }] },
  { calls: [{ name: 'query', arguments: { sql: "UPDATE orders SET note = 'overdue' WHERE id = 3" } }] },
  { text: 'Order 3 of Grace is marked as overdue.' },
)

let targets: Targets
let issuer: TestIssuer
let github: GitHubMinting
let folder: string
let start: ChildProcess | undefined
let changed: (text: string) => string

beforeEach((test) => needs(test, python, FRAMEWORKS))
beforeAll(async () => {
  if (!python) return
  targets = await startTargets({ cluster: false })
  targets.model.script = story
  issuer = await startIssuer()
  github = await startGitHubMinting(issuer)
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-page-'))
  const ports = await Promise.all([freePort(), freePort(), freePort()])
  const elsewhere: readonly (readonly [string, string])[] = [
    ['issuer: https://token.actions.githubusercontent.com', `issuer: ${issuer.url}\n    insecureLoopback: true`],
    ['address: db.internal:5432', `address: 127.0.0.1:${targets.server.port}\n    tls: { verify: off }`],
    ['https://api.openai.com/v1', `${targets.model.url}/v1`],
    ['6432', String(ports[0])],
    ['8444', String(ports[1])],
    ['8443', String(ports[2])],
  ]
  changed = (text) => elsewhere.reduce((written, [from, to]) => written.replaceAll(from, to), text)
})
afterAll(async () => {
  if (start && start.exitCode === null) {
    start.kill('SIGTERM')
    await once(start, 'exit')
  }
  await Promise.all([targets?.stop(), github?.close(), issuer?.close()])
  if (folder) rmSync(folder, { recursive: true, force: true })
})

it('leads from an empty folder to a governed team', { timeout: 120_000 }, async () => {
  const bin = mkdtempSync(join(targets.folder, 'bin-'))
  writeFileSync(join(bin, 'gatescribe'), `#!/bin/sh\nexec '${process.execPath}' '${await builtCommand()}' "$@"\n`, { mode: 0o755 })
  const env = {
    ...{ HOME: folder, PATH: [bin, process.env.PATH].join(delimiter), SHOP_PASSWORD: PASSWORD, OPENAI_KEY: targets.model.key },
    ...{ GATESCRIBE_AUDIENCE: 'https://gateway.test' },
  }
  const ran: { text: string; out: Ran }[] = []
  for (const { language, text } of blocks) {
    if (language === 'yaml')
      writeFileSync(join(folder, 'gateway/gatescribe.yaml'), changed(text).replace('https://localhost  ', 'https://gateway.test  '))
    else if (language === 'python') writeFileSync(join(folder, 'team.py'), text)
    else if (text === 'gatescribe start\n') start = await started(env)
    else if (text.startsWith('python3 -m venv venv')) symlinkSync(dirname(dirname(python!)), join(folder, 'venv'))
    else if (language === 'sh') {
      const step = text.startsWith('gatescribe run') ? github.step() : {}
      const out = await runCommand('/bin/bash', ['--norc', '-euo', 'pipefail', '-c', changed(text)], {
        cwd: folder,
        env: { ...env, ...step },
        patience: 60_000,
      })
      expect(out.status, `${text}${out.stdout}${out.stderr}`).toBe(0)
      ran.push({ text, out })
    }
  }
  const team = ran.find(({ text }) => text.startsWith('gatescribe run'))!.out
  expect(team.stdout).toContain('****.com')
  expect(team.stdout).not.toContain('grace@example.com')
  expect(team.stdout).toContain('Order 3 of Grace is marked as overdue.')
  const [refusal, summary] = blocks.filter(({ language }) => language === '')
  expect(team.stdout.replaceAll(String.raw`\n`, '\n')).toContain(refusal?.text.trim())
  const told = team.stderr.replace(/run_\w+/g, 'run_…').replace(/after \d+ s/, 'after 4 s')
  for (const line of summary!.text.trim().split('\n')) expect(told).toContain(line)
  expect(targets.model.received.map(({ text }) => text).join()).not.toContain('grace@example.com')
  expect(await targets.server.queryIn({ database: 'shop', user: 'postgres' }, 'SELECT id FROM orders WHERE note <> $1', [''])).toEqual([
    { id: 3 },
  ])
  expect(JSON.parse(readFileSync(join(folder, 'gatescribe-receipt.json'), 'utf8'))).toBeTypeOf('object')
  const { stdout } = ran.find(({ text }) => text.includes('trail search'))!.out
  for (const rule of ['shop-may-be-read', 'one-row-at-a-time', 'models-may-be-asked']) expect(stdout).toContain(rule)
})

it('names the versions that are tried', () => {
  const requirements = readFileSync(join(import.meta.dirname, '../../../examples/autogen/requirements.txt'), 'utf8')
  for (const name of ['autogen-agentchat==0.7.5', 'psycopg[binary]']) {
    expect(page).toContain(name)
    expect(requirements).toContain(name)
  }
  const installed = execFileSync(python!, ['-c', 'import autogen_agentchat; print(autogen_agentchat.__version__)'], { encoding: 'utf8' })
  expect(installed.trim()).toBe('0.7.5')
})

/** The gateway, once it is ready. */
async function started(env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const child = spawn('gatescribe', ['start'], { cwd: join(folder, 'gateway'), env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  await new Promise<void>((ready, failed) => {
    const heard = (piece: Buffer) => {
      said += piece
      if (/\bready\b/.test(said)) ready()
    }
    child.stdout.on('data', heard)
    child.stderr.on('data', heard)
    child.once('exit', () => failed(new Error(`it ended: ${said}`)))
  })
  return child
}
