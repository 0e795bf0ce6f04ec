import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { needs } from '../parts/require.ts'
import { readCompose } from './compose-file.ts'
import { type Composed, compose, type Ran } from './composed.ts'
import { buildImages, CONTAINERS, containersHere, type Image } from './images.ts'
import { differences, shown } from './page.ts'

const root = join(import.meta.dirname, '../..')
const file = readCompose(join(root, 'deploy/compose.yaml'))
const here = containersHere()

let images: ReadonlyMap<string, Image>
let composed: Composed
beforeAll(async () => {
  if (!here) return
  images = await buildImages()
  composed = compose(file, images)
}, 900_000)
afterAll(() => composed?.down())
beforeEach((test) => needs(test, here, CONTAINERS))

/** System calls that a unit's SystemCallFilter permits, in order (systemd.exec(5)). */
function leftBy(unit: string): string[] {
  const filters = [...readFileSync(join(root, 'deploy/systemd', unit), 'utf8').matchAll(/^SystemCallFilter=(~?)(.+)$/gm)]
  const left = new Set<string>()
  for (const [, not, groups = ''] of filters)
    for (const name of groups.split(' ').flatMap(members))
      if (not) left.delete(name)
      else left.add(name)
  return [...left]
}

/** What a group of systemd's stands for, groups within it too. */
function members(group: string): string[] {
  if (!group.startsWith('@')) return [group]
  const listed = execFileSync('systemd-analyze', ['syscall-filter', '--no-pager', group], { encoding: 'utf8' })
  return listed
    .split('\n')
    .filter((line) => /^ {4}[@a-z_0-9-]+$/.test(line))
    .flatMap((line) => members(line.trim()))
}

const done: Ran = { code: 0, stdout: '', stderr: '' }

/** `docker compose` with these words. */
async function docker(words: readonly string[]): Promise<Ran> {
  expect(words.slice(0, 4)).toEqual(['docker', 'compose', '-f', 'deploy/compose.yaml'])
  const [command, ...rest] = words.slice(4)
  switch (command) {
    case 'up':
      expect(rest).toEqual(['-d', '--build'])
      await composed.up()
      return done
    case 'exec':
      return composed.exec(rest[0]!, rest.slice(1))
    case 'stop':
      expect(await composed.stop(rest[0]!)).toBe(0)
      return done
    case 'start':
      await composed.start(rest[0]!)
      return done
    case 'run': {
      expect(rest.shift()).toBe('--rm')
      const noDeps = rest[0] === '--no-deps' && rest.shift() !== undefined
      const entrypoint = rest[0] === '--entrypoint' ? rest.splice(0, 2)[1] : undefined
      return composed.run(rest[0]!, rest.slice(1), { noDeps, ...(entrypoint !== undefined && { entrypoint }) })
    }
    case 'down':
      return done
    default:
      throw new Error(`${command} is no command that this test knows`)
  }
}

describe('docs/quickstart.md, in containers', () => {
  const commands = shown(join(root, 'docs/quickstart.md'))

  it('has commands', () => expect(commands.length).toBeGreaterThan(10))

  it.each(commands.map((command) => [command.words.slice(4).join(' '), command] as const))(
    '%s',
    async (_, { words, lines }) => {
      const { stdout, stderr } = await docker(words)
      expect(differences(lines, `${stderr}\n${stdout}`)).toEqual([])
    },
    120_000,
  )

  it('goes on once the connector is back', async () => {
    const began = performance.now()
    const { code, stdout } = await composed.run('job', ['psql', '-Atc', 'select count(*) from orders'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '50\n' })
    expect(performance.now() - began).toBeLessThan(20_000)
  })
})

describe('the networks', () => {
  it('let nobody but the connector reach the database', async () => {
    const at = composed.host('orders').address('plant')
    expect(await composed.host('connector').reach(at, 5432)).toBe('connected')
    for (const name of ['gateway', 'job']) expect(await composed.host(name).reach(at, 5432)).toBe('ENETUNREACH')
  })

  it('let a job reach nothing but the gateway', async () => {
    const job = composed.host('job')
    expect(await job.reach(composed.host('gateway').address('jobs'), 8444)).toBe('connected')
    for (const network of ['uplink', 'plant'])
      expect(await job.reach(composed.host('connector').address(network), 9464)).toBe('ENETUNREACH')
  })
})

describe.each(['gateway', 'connector'])('%s', (name) => {
  const node = (script: string) => composed.exec(name, ['node', '-e', script])

  it('is process 1 of its container, nobody in particular, without any right, and can gain none', async () => {
    const { stdout } = await node("console.log(process.getuid(), process.getgid(), require('fs').readFileSync('/proc/1/status', 'utf8'))")
    expect(stdout).toMatch(/^65532 65532 Name:\s+node/)
    for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapInh', 'CapAmb']) expect(stdout).toMatch(new RegExp(`^${set}:\\s+0+$`, 'm'))
    expect(stdout).toMatch(/^NoNewPrivs:\s+1$/m)
  })

  it('can write to its own folder, and to /tmp, and nowhere else', async () => {
    const folders = ['/', '/etc', '/opt/gatescribe', '/usr/local/bin', '/run/public', '/run', '/data', '/tmp']
    const script = `for (const folder of ${JSON.stringify(folders)}) try { require('fs').writeFileSync(folder + '/x', ''); require('fs').rmSync(folder + '/x'); console.log(folder) } catch {}`
    expect((await node(script)).stdout.trim().split('\n')).toEqual(['/data', '/tmp'])
  })

  it('holds no secret of anybody else', async () => {
    const { stdout } = await node("console.log(require('fs').readdirSync('/run/secrets').join())")
    expect(stdout.trim()).toBe(name === 'gateway' ? 'gateway' : '')
  })
})

describe('the second time', () => {
  it('keeps what was made, and goes on with the log', async () => {
    const size = async () => JSON.parse((await composed.exec('gateway', ['gatescribe', 'status', '--json'])).stdout).log.size as number
    const key = readFileSync(join(composed.volume('gateway-secrets'), 'master.key'), 'utf8')
    const before = await size()
    expect(await composed.stop('gateway')).toBe(0)
    expect((await composed.run('setup', [])).code).toBe(0)
    expect(readFileSync(join(composed.volume('gateway-secrets'), 'master.key'), 'utf8')).toBe(key)
    await composed.start('gateway')
    const { code, stdout } = await composed.run('job', ['psql', '-Atc', 'select 1'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n' })
    expect(await size()).toBeGreaterThan(before)
  }, 120_000)

  it('works with no more of the kernel than the unit of systemd leaves it', async () => {
    for (const name of ['connector', 'gateway']) {
      expect(await composed.stop(name)).toBe(0)
      await composed.start(name, leftBy(`${name === 'gateway' ? 'gatescribe' : 'gatescribe-connector'}.service`))
    }
    const { code, stdout } = await composed.run('job', ['psql', '-Atc', 'select sum(total) from orders'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '9562.50\n' })
  }, 120_000)

  it.each(['connector', 'gateway', 'identity', 'orders'])('%s ends with 0 when it is told to', async (name) => {
    expect(await composed.stop(name)).toBe(0)
  })
})
