import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, type DatabaseError } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openShop, SHOP_PASSWORD, SHOP_ROLE, type Shop } from '../parts/shop.ts'

/** The forms in which a secret may be found although nobody wrote it plainly. */
function formsOf(secret: Buffer): Buffer[] {
  const base64 = [0, 1, 2].map((shift) => {
    // Wherever it stands in what was encoded: the characters that only the secret decides.
    const encoded = Buffer.concat([Buffer.alloc(shift), secret])
      .toString('base64')
      .replace(/=+$/, '')
    return encoded.slice(shift === 0 ? 0 : shift + 1, -2)
  })
  const text = [...base64, secret.toString('hex'), secret.toString('hex').toUpperCase(), encodeURIComponent(secret.toString('latin1'))]
  return [secret, Buffer.from(secret.toString('latin1'), 'utf16le'), ...text.map((form) => Buffer.from(form))]
}

describe('the secrets of the configuration', () => {
  let shop: Shop
  let secrets: Map<string, Buffer>
  const errors: string[] = []
  let environment = Buffer.alloc(0)
  let commandLines = Buffer.alloc(0)

  beforeAll(async () => {
    shop = await openShop()
    const job = await shop.gateway.credential()
    const masterKey = readFileSync(join(shop.gateway.folder, 'master.key'), 'utf8').trim()
    secrets = new Map([
      ['the target’s password', Buffer.from(SHOP_PASSWORD)],
      ['the master key as written', Buffer.from(masterKey)],
      ['the master key', Buffer.from(masterKey, 'base64')],
      ['the run handle', Buffer.from(job.handle)],
    ])
    const client = new Client(shop.clientOf(job))
    await client.connect()
    const fail = (query: Promise<unknown>) =>
      query.catch((error: DatabaseError) => errors.push(JSON.stringify({ ...error, message: error.message })))
    await client.query('SELECT 1')
    await fail(client.query('SELECT 1/0'))
    // The server repeats what it knows of the session; the password is not among it.
    await fail(client.query(`SELECT * FROM pg_stat_activity; SELECT current_setting('no.such')`))
    await client.end()
    await fail(new Client({ ...shop.clientOf(job), password: 'gs_pg_wrong' }).connect())
    await fail(new Client({ ...shop.clientOf(job), database: 'nowhere' }).connect())
    // The target changes its password: the gateway is refused there, and must not say with what.
    await shop.server.query(`ALTER ROLE ${SHOP_ROLE} PASSWORD 'another'`)
    await fail(new Client(shop.clientOf(job)).connect())
    const child = spawn('sleep', ['30'], { env: { PATH: process.env.PATH, PGUSER: job.run, PGPASSWORD: job.password } })
    await once(child, 'spawn')
    if (process.platform === 'linux') {
      environment = readFileSync(`/proc/${child.pid}/environ`)
      commandLines = Buffer.concat(
        readdirSync('/proc')
          .filter((name) => /^\d+$/.test(name))
          .map(commandLine),
      )
    }
    child.kill()
    await new Promise((resolve) => setTimeout(resolve, 200))
  })
  afterAll(() => shop?.close())

  const none = (where: string, bytes: Buffer) => {
    for (const [what, secret] of secrets) {
      for (const form of formsOf(secret)) expect(bytes.includes(form), `${what} is in ${where}`).toBe(false)
    }
  }

  it('are in no file of the data folder, trail included', () => {
    const files = readdirSync(shop.gateway.data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    expect(files.map(({ name }) => name).join(' ')).toMatch(/\w/)
    for (const file of files) none(file.name, readFileSync(join(file.parentPath, file.name)))
  })

  it('are not in the log', () => {
    expect(shop.gateway.log()).toContain('ready')
    none('the log', Buffer.from(shop.gateway.log()))
  })

  it('are in no error that a client sees', () => {
    expect(errors).toHaveLength(5)
    none('an error', Buffer.from(errors.join('\n')))
  })

  it('are on no command line and not in the job’s environment', (test) => {
    if (process.platform !== 'linux') return test.skip('needs /proc')
    expect(environment.toString()).toContain('PGPASSWORD=gs_pg_')
    expect(commandLines.toString()).toContain('gatescribe.yaml')
    none('the job’s environment', environment)
    none('a command line', commandLines)
  })

  it('would be found: the search sees a secret in every form', () => {
    const secret = Buffer.from(SHOP_PASSWORD)
    for (const planted of [
      secret.toString(),
      secret.toString('hex'),
      ...['', 'a', 'ab'].map((before) => Buffer.from(`${before}${SHOP_PASSWORD}z`).toString('base64')),
    ]) {
      expect(() => none('a planted text', Buffer.from(`before ${planted} after`))).toThrow('the target’s password')
    }
  })
})

function commandLine(pid: string): Buffer {
  try {
    return readFileSync(`/proc/${pid}/cmdline`)
  } catch {
    return Buffer.alloc(0) // It ended meanwhile.
  }
}
