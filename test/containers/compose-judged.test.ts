import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { buildGo } from '../parts/go-program.ts'
import { found, needs } from '../parts/require.ts'
import { readCompose } from './compose-file.ts'

/*
 * deploy/compose.yaml is a compose file as docker compose understands one: read by compose-go, which knows nothing of us; and what our own tests bring up from it
 * is what stands there.
 */

const path = join(import.meta.dirname, '../../deploy/compose.yaml')
const text = readFileSync(path, 'utf8')
const go = found('go')
const build = mkdtempSync(join(tmpdir(), 'gatescribe-compose-'))
const program = join(build, 'composejudge')
let isBuilt = false
beforeAll(() => {
  if (go === undefined) return
  isBuilt = buildGo(go, join(import.meta.dirname, 'compose-judge'), program)
}, 240_000)
beforeEach((test) => {
  needs(test, go, 'Go 1.24 or newer (Debian: golang-go)')
  needs(test, isBuilt, 'github.com/compose-spec/compose-go, which `go build` fetches')
})
afterAll(() => rmSync(build, { recursive: true, force: true }))

interface Read {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string
        readonly command: readonly string[] | null
        readonly networks?: Readonly<Record<string, unknown>>
        readonly read_only?: boolean
        readonly volumes?: readonly { readonly source: string; readonly target: string; readonly read_only?: boolean }[]
        readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
      }
    >
  >
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>
}

const judge = (file: string) => spawnSync(program, [file], { encoding: 'utf8', env: { PATH: process.env.PATH } })

it('is read by docker compose, with all that it refers to', () => {
  const { status, stderr } = judge(path)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

it('says there what our own tests bring up', () => {
  const read = JSON.parse(judge(path).stdout) as Read
  const ours = readCompose(path)
  expect([...ours.services.keys()].sort()).toEqual(Object.keys(read.services).sort())
  expect([...ours.internal].sort()).toEqual(Object.keys(read.networks).filter((name) => read.networks[name]?.internal))
  for (const [name, { command, networks, readOnly, mounts, dependsOn }] of ours.services) {
    const theirs = read.services[name]!
    expect([name, command ?? null]).toEqual([name, theirs.command])
    expect([name, ...[...networks.keys()].sort()]).toEqual([name, ...Object.keys(theirs.networks ?? {}).sort()])
    expect([name, readOnly]).toEqual([name, theirs.read_only ?? false])
    expect([name, mounts.map(({ target, readOnly }) => [target, readOnly])]).toEqual([
      name,
      (theirs.volumes ?? []).map(({ target, read_only = false }) => [target, read_only]),
    ])
    expect([name, Object.fromEntries(dependsOn)]).toEqual([
      name,
      Object.fromEntries(Object.entries(theirs.depends_on ?? {}).map(([other, { condition }]) => [other, condition])),
    ])
  }
})

it.each([
  ['a field that there is none of', (file: string) => file.replace('read_only: true', 'read_olny: true')],
  ['a network that there is none of', (file: string) => file.replace('  plant: { internal', '  planet: { internal')],
  ['something else than a list', (file: string) => file.replace('cap_drop: [ALL]', 'cap_drop: { ALL: true }')],
])('would not be, with %s', (_what, spoil) => {
  const spoilt = spoil(text)
  expect(spoilt).not.toBe(text)
  const file = join(build, 'compose.yaml')
  writeFileSync(file, spoilt)
  expect(judge(file).status).toBe(1)
})
