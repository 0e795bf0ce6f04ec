import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { startPostgres } from './postgres.ts'
import { createLogInRoles, logInHba, logInRoles } from './postgres-roles.ts'

describe('the PostgreSQL of the tests', () => {
  it('runs, writes statements to its log where asked, and leaves nothing behind', async () => {
    const server = await startPostgres({ logStatements: true, settings: { application_name: "o'clock" } })
    expect(server.port).toBeLessThan(32_768)
    expect(await server.query('SELECT 41 + 1 AS answer')).toEqual([{ answer: 42 }])
    expect(server.log()).toContain('SELECT 41 + 1 AS answer')
    await server.stop()
    expect(existsSync(server.folder)).toBe(false)
  })

  it('knows every log-in method, on one server', async () => {
    const server = await startPostgres({ tls: true, hba: logInHba })
    try {
      await createLogInRoles(server)
      const certificate = await server.certificates!.issueClient(logInRoles.cert.user)
      for (const [method, { user, password }] of Object.entries(logInRoles)) {
        const ssl = {
          ca: server.certificates!.ca,
          servername: 'localhost',
          ...(method === 'cert' ? { cert: certificate.certificate, key: certificate.key } : {}),
        }
        const client = new Client({ host: '127.0.0.1', port: server.port, database: 'postgres', user, password, ssl })
        await client.connect()
        const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
        expect(rows, method).toEqual([{ ssl: true }])
        await client.end()
      }
      const wrong = new Client({ host: '127.0.0.1', port: server.port, database: 'postgres', user: logInRoles.scram.user, password: 'no' })
      await expect(wrong.connect()).rejects.toThrow('password authentication failed')
    } finally {
      await server.stop()
    }
  })

  it('is gone soon after the process that started it was killed', async () => {
    const script = `import { startPostgres } from ${JSON.stringify(new URL('./postgres.ts', import.meta.url).href)}
      const server = await startPostgres(); console.log(server.url + ' ' + server.folder); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')])) as [Buffer]
    const [url, folder] = line.toString().trim().split(' ') as [string, string]
    expect(existsSync(folder)).toBe(true)
    child.kill('SIGKILL')
    await once(child, 'exit')
    for (let waited = 0; existsSync(folder) && waited < 3_000; waited += 50) await sleep(50)
    expect(existsSync(folder)).toBe(false)
    // Not by its process id: whoever adopts orphans here may leave it as a zombie.
    await expect(new Client(url).connect()).rejects.toThrow('ECONNREFUSED')
  })
})
