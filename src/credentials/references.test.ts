import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CredentialsError } from './errors.ts'
import { createReferences } from './references.ts'
import { Secret } from './secret.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-references-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const value = 'hunter2-correct-horse'
const file = (content: string | Uint8Array, mode = 0o600) => {
  const path = join(folder, 'secret')
  writeFileSync(path, content)
  chmodSync(path, mode)
  return { from: 'file', path } as const
}
const script = (body: string) => {
  const path = join(folder, 'mint')
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o700)
  return path
}
const command = (path: string, ...words: string[]) => ({ from: 'command', path, arguments: words }) as const
const failure = (promise: Promise<unknown>): Promise<CredentialsError> =>
  promise.then(
    () => {
      throw new Error('resolved')
    },
    (error: unknown) => {
      if (error instanceof CredentialsError) return error
      throw error
    },
  )
const references = createReferences({ env: { DB: value, EMPTY: '' }, commandBounds: { deadline: 300, output: 1000 } })
const revealed = async (reference: Parameters<typeof references.secret>[0]) => (await references.secret(reference)).secret.reveal()

describe('a secret', () => {
  it('shows itself only to who asks by name', () => {
    const secret = new Secret(value)
    const shown = [
      `${secret}`,
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }, { depth: 9, showHidden: true }),
      inspect(secret),
    ]
    expect(shown.join()).not.toContain(value)
    expect(secret.reveal()).toBe(value)
  })
})

describe('env:', () => {
  it('is read when it is used, and an empty one is none', async () => {
    expect(await revealed({ from: 'env', name: 'DB' })).toBe(value)
    for (const name of ['EMPTY', 'NONE']) {
      expect(await failure(references.secret({ from: 'env', name }))).toMatchObject({
        code: 'GS_SECRET_UNREADABLE',
        message: expect.stringContaining(name),
      })
    }
  })
})

describe('file:', () => {
  it.each([
    [`${value}\n`, value],
    [`${value}\r\n`, value],
    [`${value}\n\n`, `${value}\n`],
    [` ${value} `, ` ${value} `],
  ])('loses exactly one newline at its end: %j', async (content, expected) => {
    expect(await revealed(file(content))).toBe(expected)
  })

  it.each([0o640, 0o604, 0o620, 0o602, 0o666])('is refused where others may read or write it: %o', async (mode) => {
    const error = await failure(references.secret(file(value, mode)))
    expect(error.code).toBe('GS_SECRET_EXPOSED')
    expect(inspect(error, { depth: 9 })).not.toContain(value)
  })

  it('is refused where it is no UTF-8, rather than sent to the target as something else', async () => {
    const { code, message } = await failure(references.secret(file(Buffer.from('hunter2\xe4', 'latin1'))))
    expect(code).toBe('GS_SECRET_UNREADABLE')
    expect(message).not.toContain('hunter2')
  })

  it.runIf(process.platform === 'linux')('is refused with a code where reading it fails half-way', async () => {
    expect(await failure(references.secret({ from: 'file', path: '/proc/self/mem' }))).toMatchObject({ code: 'GS_SECRET_UNREADABLE' })
  })

  it('may be readable by all where it is no secret', async () => {
    expect(await references.material(file('PEM', 0o644))).toBe('PEM')
  })

  it('is judged behind a link, as Kubernetes mounts it', async () => {
    const { path } = file(value, 0o644)
    symlinkSync(path, join(folder, 'link'))
    expect((await failure(references.secret({ from: 'file', path: join(folder, 'link') }))).code).toBe('GS_SECRET_EXPOSED')
    chmodSync(path, 0o400)
    expect(await revealed({ from: 'file', path: join(folder, 'link') })).toBe(value)
  })

  it('is refused where it is missing, empty, a folder, a pipe or too large, without waiting and without its content', async () => {
    execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')])
    for (const path of [join(folder, 'none'), folder, join(folder, 'pipe')]) {
      expect((await failure(references.secret({ from: 'file', path }))).code).toBe('GS_SECRET_UNREADABLE')
    }
    expect((await failure(references.secret(file('\n')))).code).toBe('GS_SECRET_UNREADABLE')
    const large = await failure(references.secret(file(value.repeat(4000))))
    expect(large.code).toBe('GS_SECRET_TOO_LARGE')
    expect(inspect(large, { depth: 9 })).not.toContain(value)
  })
})

describe('command:', () => {
  it('runs without a shell and without our environment', async () => {
    const path = script('env; printf "%s|" "$@"')
    process.env.GATESCRIBE_TEST_LEAK = value
    try {
      const printed = await revealed(command(path, '$HOME', '`id`', ';x'))
      expect(printed).toContain('$HOME|`id`|;x|')
      expect(printed).not.toContain(value)
      expect(printed.match(/^[A-Z_]+=/gm)?.sort()).toEqual(expect.arrayContaining(['PATH=']))
    } finally {
      delete process.env.GATESCRIBE_TEST_LEAK
    }
  })

  it.each([
    [`echo ${value}; exit 3`, 'ended with code 3'],
    [`echo ${value} >&2; exit 1`, 'ended with code 1'],
    ['true', 'printed nothing'],
    [`while :; do echo ${value}; done`, 'printed more than 1000 bytes'],
    [`echo ${value}; sleep 60`, 'did not end within 0.3 s'],
  ])('that fails is refused, and what it printed is told nobody: %s', async (body, says) => {
    const error = await failure(references.secret(command(script(body))))
    expect(error.code).toBe('GS_SECRET_COMMAND_FAILED')
    expect(error.message).toContain(says)
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(value)
  })

  it('that prints what is no UTF-8, or has more arguments than the system takes, is refused', async () => {
    const latin = await failure(references.secret(command(script("printf 'hunter2\\344'"))))
    expect(latin).toMatchObject({ code: 'GS_SECRET_COMMAND_FAILED' })
    expect(latin.message).not.toContain('hunter2')
    expect(await failure(references.secret(command('/bin/true', 'x'.repeat(3_000_000))))).toMatchObject({
      code: 'GS_SECRET_COMMAND_FAILED',
    })
  })

  it('that cannot be started is refused', async () => {
    expect((await failure(references.secret(command(join(folder, 'none'))))).message).toContain('ENOENT')
    expect((await failure(references.secret(command(file('x').path)))).message).toContain('EACCES')
  })

  it('takes what it started with it when its time is over', async () => {
    const path = script(`sleep 60 & echo $! > ${folder}/child; wait`)
    await failure(references.secret(command(path)))
    const pid = Number(readFileSync(join(folder, 'child'), 'utf8'))
    await expect.poll(() => isRunning(pid)).toBe(false)
  })

  it('serves connections that come together with one run, and is asked again once its output was refused or is old', async () => {
    const path = script(`echo x >> ${folder}/runs; cat ${folder}/runs | wc -l`)
    const brief = createReferences({ env: {}, commandKept: 100 })
    const read = async () => (await brief.secret(command(path))).secret.reveal().trim()
    expect(await Promise.all([read(), read(), read()])).toEqual(['1', '1', '1'])
    brief.forget(command(path))
    expect(await read()).toBe('2')
    await expect.poll(read, { interval: 20 }).toBe('3')
  })
})

describe('secret:', () => {
  it('comes from the sealed store with its version', async () => {
    const stored = createReferences({
      env: {},
      secrets: { get: (name) => (name === 'orders' ? { secret: new Secret(value), version: 7 } : undefined) },
    })
    const { secret, version } = await stored.secret({ from: 'secret', name: 'orders' })
    expect([secret.reveal(), version]).toEqual([value, 7])
    expect((await failure(stored.secret({ from: 'secret', name: 'none' }))).code).toBe('GS_SECRET_UNKNOWN')
    expect((await failure(references.secret({ from: 'secret', name: 'orders' }))).code).toBe('GS_SECRET_UNKNOWN')
  })
})

/** A zombie that nobody reaps has ended too. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
