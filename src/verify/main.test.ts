import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import { bundleMembers, tar } from '../../test/verify/naive-bundle.ts'
import { checkpointText, logKey, note } from '../../test/verify/naive-keys.ts'
import { NaiveLog } from '../../test/verify/naive-log.ts'
import { Workplace } from '../../test/verify/verdicts.ts'
import { main } from './main.ts'
import { VERDICTS } from './verdict.ts'

const root = join(import.meta.dirname, '../..')
const place = new Workplace()
afterAll(() => place.remove())
afterEach(() => vi.restoreAllMocks())

const log = new NaiveLog(300)
const folder = log.write(place.path())
const policy = place.file(`log ${log.key.vkey}\nquorum none\n`)

/** What a command line prints, and its exit code. */
function run(...argv: readonly string[]): { exit: number; stdout: string; stderr: string } {
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text)
      return true
    })
  }
  const exit = main(argv)
  vi.restoreAllMocks()
  return { exit, ...said }
}

it('says one line per verdict, and at last whether it holds', () => {
  const id = log.key.vkey.split('+')[1]
  expect(run('--key', log.key.vkey, '--checkpoint', place.file(log.checkpoint(200)), folder)).toEqual({
    exit: 0,
    stderr: '',
    stdout: `ok   signature: example.org/prod/main, 300 entries, signed by key ${id}
ok   append-only: it has grown from the checkpoint of 200 entries
ok   inclusion: 300 entries are in the tree
ok   complete: entries 0 to 299 without a hole
ok   witnessed: 300 entries by none; the policy asks for none
ok   semantic: 1 boots, 6 runs, 12 sessions, 387 operations, 0 gaps, 0 erasures are told of; 3 sessions still open
verified
`,
  })
})

it('says where a log begins that was pruned', () => {
  const pruned = log.write(place.path())
  rmSync(join(pruned, 'tile/entries/000'))
  const { exit, stdout } = run('--policy', policy, pruned)
  expect(exit).toBe(0)
  expect(stdout).toContain('ok   complete: entries 256 to 299 without a hole; pruned below entry 256\n')
})

it('says what fails, what was not checked, and what decides', () => {
  const bad = log.write(place.path())
  const path = join(bad, 'tile/entries/000')
  writeFileSync(path, readFileSync(path).subarray(0, -1))
  const { exit, stdout } = run('--policy', policy, bad)
  expect(exit).toBe(12)
  expect(stdout.split('\n').slice(1)).toEqual([
    'FAIL inclusion: entry 255 is cut off, or not in its bundle',
    '--   complete: not checked',
    'ok   witnessed: 300 entries by none; the policy asks for none',
    '--   semantic: not checked',
    'NOT VERIFIED, exit code 12',
    '',
  ])
  expect(JSON.parse(run('--policy', policy, '--json', bad).stdout)).toEqual({
    verified: false,
    exit: 12,
    verdicts: [
      { verdict: 'signature', ok: true, says: expect.any(String) },
      { verdict: 'inclusion', ok: false, says: 'entry 255 is cut off, or not in its bundle', entry: 255 },
      { verdict: 'complete', ok: null, says: 'not checked' },
      { verdict: 'witnessed', ok: true, says: expect.any(String) },
      { verdict: 'semantic', ok: null, says: 'not checked' },
    ],
  })
  expect(run('--policy', policy, '--quiet', bad)).toEqual({ exit: 12, stdout: '', stderr: '' })
  expect(run('--policy', policy, '--quiet', folder)).toEqual({ exit: 0, stdout: '', stderr: '' })
})

it.each<[string, readonly string[]]>([
  ['nothing', []],
  ['no trust', [folder]],
  ['two kinds of trust', ['--policy', policy, '--key', log.key.vkey, folder]],
  ['no input', ['--policy', policy]],
  ['two inputs', ['--policy', policy, folder, folder]],
  ['an unknown option', ['--polity', policy, folder]],
  ['an option without its value', [folder, '--policy']],
  ['an input that is not there', ['--policy', policy, join(folder, 'nowhere')]],
  ['a policy that is not there', ['--policy', join(folder, 'nowhere'), folder]],
  ['a value for --json', ['--policy', policy, '--json=yes', folder]],
])('with %s it is not used as its help says', (_, argv) => {
  const { exit, stdout, stderr } = run(...argv)
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
  expect(stderr).toMatch(/^gatescribe-verify: [^\n]+\n$/)
})

it.each<[string, readonly string[]]>([
  ['a key that is none', ['--key', 'x', folder]],
  ['a policy that is none', ['--policy', folder, folder]],
  ['a kept checkpoint that is none', ['--policy', policy, '--checkpoint', policy, folder]],
  [
    'the kept checkpoint of another log',
    ['--policy', policy, '--checkpoint', place.file(note(checkpointText('other', 1, Buffer.alloc(32)), [logKey('other')])), folder],
  ],
  ['an input that is none', ['--policy', policy, policy]],
  ['an empty input', ['--policy', policy, place.file('')]],
  ['a device', ['--policy', policy, '/dev/null']],
])('of %s it says nothing, but for why', (_, argv) => {
  const { exit, stdout, stderr } = run(...argv)
  expect({ exit, stdout }).toEqual({ exit: 3, stdout: '' })
  expect(stderr).toMatch(/^gatescribe-verify: [^\n]+\n$/)
  expect(JSON.parse(run('--json', ...argv).stdout)).toEqual({ verified: false, exit: 3, problem: expect.any(String) })
})

it('prints nothing that came from outside as it is', () => {
  const name = '\u202e\u009b31mx\u{1f600}'
  const evil = new NaiveLog([Buffer.from('{}')], logKey(name))
  const { stdout } = run('--key', evil.key.vkey, evil.write(place.path()))
  expect(stdout).toContain('ok   signature: \\u{202e}\\u{9b}31mx\\u{1f600}, 1 entries')
  const members = [...bundleMembers(log, [1]), ['\u001b[2J', Buffer.from('x')]] as const
  for (const argv of [[], ['--json']]) {
    const { stdout, stderr } = run('--key', log.key.vkey, ...argv, place.file(tar(members)))
    expect(stdout + stderr).toMatch(/^[\n\x20-\x7e]*$/)
  }
})

it('shows its help', () => {
  const { exit, stdout } = run('--help')
  expect(exit).toBe(0)
  expect(stdout).toMatch(/^usage: gatescribe-verify [\s\S]+16 payload\n$/)
})

it('works as a command, and ends with its exit code', () => {
  const command = (...argv: readonly string[]) =>
    spawnSync(process.execPath, [join(root, 'bin/gatescribe-verify.js'), ...argv], { encoding: 'utf8' })
  expect(command('--policy', policy, folder)).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/\nverified\n$/) })
  expect(command('--key', logKey('x').vkey, folder)).toMatchObject({
    status: 10,
    stderr: '',
    stdout: expect.stringMatching(/\nNOT VERIFIED, exit code 10\n$/),
  })
  expect(command(folder)).toMatchObject({ status: 2, stdout: '' })
  const line = `"${process.execPath}" "${join(root, 'bin/gatescribe-verify.js')}" --policy "${policy}" "${folder}"`
  expect(spawnSync('sh', ['-c', `{ ${line}; echo $? >&2; } | true`], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '0\n' })
})

it('is read in one sitting, and needs nothing but Node', () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  const texts = files.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  texts.push(readFileSync(join(root, 'bin/gatescribe-verify.js'), 'utf8'))
  // Lines that do something, as Biome lays them out: neither blank nor comment alone. Tests do not count, the command in bin does.
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => !/^\s*(\/\/.*|\/\*.*|\*.*)?$/.test(line))
  expect(lines.length).toBeLessThan(640)
  for (const text of texts) {
    expect(text.split('\n').length).toBeLessThan(200)
    for (const [, from] of text.matchAll(/from '([^']+)'/g)) expect(from).toMatch(/^(node:|\.\/)/)
  }
})

it('has the exit codes that its help and its page name', () => {
  const page = readFileSync(join(root, 'docs/verify.md'), 'utf8')
  const { stdout } = run('--help')
  for (const [at, verdict] of VERDICTS.entries()) {
    expect(page).toContain(`| ${10 + at} | \`${verdict}\` |`)
    expect(stdout).toContain(`${10 + at} ${verdict}`)
  }
})

it('leaves nothing open', () => {
  const descriptors = () => readdirSync('/proc/self/fd').length
  const archive = place.file(tar(bundleMembers(log, [1])))
  const before = descriptors()
  for (let n = 0; n < 20; n++) {
    run('--policy', policy, folder)
    run('--policy', policy, archive)
    run('--policy', policy, policy)
  }
  expect(descriptors()).toBe(before)
  rmSync(archive)
})
