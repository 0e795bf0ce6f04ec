import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type Ran, runCommand } from '../parts/command.ts'
import { AUDIENCE } from '../parts/gateway-config.ts'
import { openStage, type Stage } from './stage.ts'

const read = (path: string) => readFileSync(join(import.meta.dirname, '../../deploy/ci', path), 'utf8')

interface Step {
  readonly id: string
  readonly shell: string
  readonly env: Readonly<Record<string, string>>
  readonly run: string
}

const action = parse(read('github/action.yml')) as {
  inputs: Record<string, { description: string; default?: string; required?: boolean }>
  outputs: Record<string, { description: string; value: string }>
  runs: { using: string; steps: Step[] }
}
const pipeline = parse(read('gitlab/gatescribe.gitlab-ci.yml')) as { variables: Record<string, string> } & Record<
  string,
  { before_script: string[] }
>

let stage: Stage
/** The runner's own folder, with the tools that a step finds. */
let runner: string

beforeAll(async () => {
  stage = await openStage()
  runner = mkdtempSync(join(tmpdir(), 'gatescribe-runner-'))
  mkdirSync(join(runner, 'bin'))
  symlinkSync(process.execPath, join(runner, 'bin/node'))
  // What npm would install, without a registry: a link to the command as it is published, and what was asked for.
  const npm = `#!/bin/sh\necho "$@" >> ${runner}/npm\nwhile [ "$1" != --prefix ]; do shift; done\nmkdir -p "$2/node_modules/.bin"\nln -sf ${stage.command} "$2/node_modules/.bin/gatescribe"\n`
  writeFileSync(join(runner, 'bin/npm'), npm)
  chmodSync(join(runner, 'bin/npm'), 0o755)
  chmodSync(stage.command, 0o755)
})
afterAll(async () => {
  await stage?.close()
  if (runner) rmSync(runner, { recursive: true, force: true })
})

/** What the runner makes of an expression. */
function evaluated(text: string, inputs: Readonly<Record<string, string>>, outputs: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{\{ *([^}]*?) *\}\}/g, (_, name: string) => {
    if (name === 'runner.temp') return runner
    if (name.startsWith('inputs.')) return inputs[name.slice(7)] ?? action.inputs[name.slice(7)]?.default ?? ''
    return outputs[name] ?? ''
  })
}

/** The action's steps in order, as a composite action is run, until one fails. */
async function runAction(inputs: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}) {
  const outputs: Record<string, string> = {}
  const env = stage.environment(more)
  let ran: Ran | undefined
  for (const step of action.runs.steps) {
    const output = join(runner, 'output')
    writeFileSync(output, '')
    const given = Object.fromEntries(Object.entries(step.env).map(([name, value]) => [name, evaluated(value, inputs, outputs)]))
    const script = join(runner, `${step.id}.sh`)
    writeFileSync(script, step.run)
    ran = await runCommand('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
      cwd: stage.folder,
      env: { ...env, ...given, PATH: `${runner}/bin:${process.env.PATH}`, GITHUB_OUTPUT: output, RUNNER_TEMP: runner },
    })
    for (const line of readFileSync(output, 'utf8').split('\n')) {
      const [name, value] = line.split('=')
      if (name && value) outputs[`steps.${step.id}.outputs.${name}`] = value
    }
    if (ran.status !== 0) break
  }
  return { ...(ran as Ran), outputs }
}

describe('the action for GitHub', () => {
  it('says what each input is, and puts none of them into the text of a script', () => {
    expect(action.runs.using).toBe('composite')
    for (const [name, { description, default: preset, required }] of Object.entries(action.inputs)) {
      expect(description, name).toMatch(/^['A-Z]/)
      expect(preset !== undefined || required === true, name).toBe(true)
    }
    const used = JSON.stringify(action.runs.steps.map(({ env }) => env))
    for (const name of Object.keys(action.inputs)) expect(used).toContain(`inputs.${name} }}`)
    for (const { run, shell } of action.runs.steps)
      expect({ shell, run }).toEqual({ shell: 'bash', run: expect.not.stringContaining('${{') })
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
    expect(action.inputs.version?.default).toBe(version)
    expect(pipeline.variables.GATESCRIBE_VERSION).toBe(version)
  })

  it('installs the version that is pinned and runs the script in a run, with its own exit code and receipt', async () => {
    const script = 'printf %s "$PGUSER $MODE"\nfalse | true\necho never'
    const more = {
      MODE: 'nightly',
      GITHUB_TOKEN: 'ghs_16C7e42F292c6912E7710c838347Ae178B4a',
      GITHUB_STEP_SUMMARY: join(runner, 'summary.md'),
    }
    const ran = await runAction(
      { gateway: stage.environment().GATESCRIBE_GATEWAY ?? '', ca: 'ca.pem', audience: AUDIENCE, run: script, pass: 'MODE\n' },
      more,
    )
    expect(readFileSync(join(runner, 'npm'), 'utf8')).toMatch(/--ignore-scripts .*gatescribe@0\.1\.0\n/)
    expect(ran).toMatchObject({ status: 1 })
    const [stop, printed, resume] = ran.stdout.trim().split('\n')
    expect(printed).toMatch(/^run_[a-z0-9]+ nightly$/)
    expect(resume).toBe(`::${stop?.replace('::stop-commands::', '')}::`)
    expect(ran.outputs['steps.run.outputs.receipt']).toBe('gatescribe-receipt.json')
    const summary = JSON.parse(readFileSync(join(stage.folder, 'gatescribe-summary.json'), 'utf8'))
    expect(summary).toMatchObject({ exitCode: 1, identity: 'github', removed: { credential: ['GITHUB_TOKEN'] } })
    expect(readFileSync(more.GITHUB_STEP_SUMMARY, 'utf8')).toContain(`### Gatescribe: \`${summary.run}\` ended`)
  })

  it('says what is missing where the job has no identity, and takes no range of versions', async () => {
    const inputs = { gateway: 'https://gw.example.org:8444', run: 'true' }
    const nobody = await runAction({ ...inputs, command: stage.command }, { ACTIONS_ID_TOKEN_REQUEST_URL: '' })
    expect(nobody).toMatchObject({ status: 1, stdout: expect.stringContaining('id-token: write') })
    expect(await runAction({ ...inputs, version: '^0.1.0' })).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('version is exact'),
    })
  })
})

describe('the template for GitLab', () => {
  it('installs the version that is pinned, and a job runs by the id token that GitLab gives it', async () => {
    const script = join(runner, 'gitlab.sh')
    const job = `gatescribe run -- sh -c 'echo "$PGUSER $(env | grep -c ^GATESCRIBE_ID_TOKEN)"'`
    writeFileSync(script, [...(pipeline['.gatescribe']?.before_script ?? []), job].join('\n'))
    const {
      ACTIONS_ID_TOKEN_REQUEST_URL: _,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: __,
      ...env
    } = stage.environment({
      ...{
        GITLAB_CI: 'true',
        GATESCRIBE_VERSION: '0.1.0',
        CI_BUILDS_DIR: join(runner, 'builds'),
        PATH: `${runner}/bin:${process.env.PATH}`,
      },
      GATESCRIBE_ID_TOKEN: await stage.shop.issuer.mint({ aud: AUDIENCE, run_id: '31337' }),
    })
    const ran = await runCommand('sh', [script], { cwd: stage.folder, env })
    expect(ran).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^run_[a-z0-9]+ 0\n$/),
      stderr: expect.stringContaining('identity: gitlab'),
    })
    const { GATESCRIBE_GATEWAY: ___, ...without } = env
    expect(await runCommand('sh', [script], { env: without })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('GATESCRIBE_GATEWAY'),
    })
  })
})
