import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { boundToThisProcess } from './lifetime.ts'
import { freePort } from './ports.ts'

/** One series of an answer, with its newest value. */
export interface PrometheusSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

/** A real Prometheus: Debian's package, in a folder of its own. */
export interface RunningPrometheus {
  readonly url: string
  /** What an expression comes to now. @throws with what Prometheus says where it is none, or cannot be answered */
  query(expression: string): Promise<readonly PrometheusSeries[]>
  /** What the API answers. @param path such as `/api/v1/targets` */
  api(path: string): Promise<unknown>
  stop(): Promise<void>
}

/** @param config `scrape_configs`, `rule_files` and so on; it scrapes and judges every second */
export async function startPrometheus(config: Readonly<Record<string, unknown>>): Promise<RunningPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-prometheus-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  writeFileSync(join(folder, 'prometheus.yaml'), stringify({ global: { scrape_interval: '1s', evaluation_interval: '1s' }, ...config }))
  const log = openSync(join(folder, 'log'), 'a')
  const words = [
    ...[`--config.file=${join(folder, 'prometheus.yaml')}`, `--storage.tsdb.path=${join(folder, 'data')}`],
    `--web.listen-address=127.0.0.1:${port}`,
  ]
  const child = spawn('prometheus', words, { stdio: ['ignore', log, log] })
  closeSync(log)
  const release = boundToThisProcess(child, folder)
  async function api(path: string): Promise<unknown> {
    const response = await fetch(new URL(path, url))
    const said = (await response.json()) as { status: string; error?: string; data: unknown }
    if (said.status !== 'success') throw new Error(`${path}: ${said.error}`)
    return said.data
  }
  const stop = async () => {
    release()
    await ended(child)
    rmSync(folder, { recursive: true, force: true })
  }
  for (let tries = 0; ; tries++) {
    if (await isReady(url)) break
    if (child.exitCode !== null || tries > 300) {
      const said = readFileSync(join(folder, 'log'), 'utf8')
      await stop()
      throw new Error(`Prometheus did not start:\n${said}`)
    }
    await sleep(100)
  }
  return {
    ...{ url, api, stop },
    async query(expression) {
      const data = (await api(`/api/v1/query?query=${encodeURIComponent(expression)}`)) as {
        resultType: string
        result: readonly { metric: Record<string, string>; value: [number, string] }[] | [number, string]
      }
      if (data.resultType === 'scalar') return [{ metric: {}, value: Number(data.result[1]) }]
      return (data.result as readonly { metric: Record<string, string>; value: [number, string] }[]).map(({ metric, value }) => ({
        metric,
        value: Number(value[1]),
      }))
    },
  }
}

const isReady = (url: string) =>
  fetch(`${url}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  )

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}
