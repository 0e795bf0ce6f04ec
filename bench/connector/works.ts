import { join } from 'node:path'
import type { Contender } from '../parts/contender.ts'
import type { HttpContender } from '../parts/http-contender.ts'
import type { Load } from '../parts/http-load.ts'
import type { Sample } from '../parts/measurement.ts'
import { runClient } from '../parts/run-client.ts'
import { runLoad, withCpu } from '../parts/run-load.ts'
import { ACCOUNTS, type Sides } from './sides.ts'

/** A piece of work, and how each contender does it once. */
export interface Work {
  readonly title: string
  readonly unit: 'transactions/s' | 'connections/s' | 'requests/s' | 'MB/s'
  readonly samples: ReadonlyMap<string, () => Promise<Sample>>
}

const MEGABYTES = 64

export function works(sides: Sides, seconds: number): readonly Work[] {
  const { postgres, http, serverPids, accountBytes, world } = sides
  const [database, api] = serverPids

  async function pgbench(contender: Contender, words: readonly string[]): Promise<Sample> {
    const { stdout, cpu } = await runClient('pgbench', ['-n', ...words], contender, database)
    const found = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1] ?? Number.NaN)
    return {
      rate: found(/^tps = ([\d.]+)/m),
      count: found(/^number of transactions actually processed: (\d+)/m),
      latency: found(/^latency average = ([\d.]+) ms/m),
      cpu,
    }
  }
  async function read(contender: Contender): Promise<Sample> {
    const file = join(import.meta.dirname, '../postgres/large-result.sql')
    const { seconds: took, cpu } = await runClient('pgbench', ['-n', '-t', '1', '-f', file], contender, database)
    return { rate: accountBytes / 1e6 / took, count: accountBytes / 1e6, cpu }
  }
  function load(contender: HttpContender, work: Omit<Load, 'server' | 'ca' | 'token'>, unit: Work['unit']): Promise<Sample> {
    const { server, ca, token } = contender
    return withCpu(contender, [api], async () => {
      const done = await runLoad({ server, ca, token, ...work }, world.gateway.folder)
      const count = unit === 'MB/s' ? done.bytes / 1e6 : done.count
      return { rate: count / done.seconds, count, latency: done.latency }
    })
  }
  const ofEach = <Way extends { readonly name: string }>(ways: readonly Way[], sample: (way: Way) => Promise<Sample>) =>
    new Map(ways.map((way) => [way.name, () => sample(way)]))
  const selects = (clients: number): Work => ({
    title: `pgbench -S, prepared, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
    unit: 'transactions/s',
    samples: ofEach(postgres, (way) => pgbench(way, ['-S', '-M', 'prepared', '-c', String(clients), '-T', String(seconds)])),
  })
  return [
    ...[1, 8, 32].map(selects),
    {
      title: 'a connection per transaction, 4 clients',
      unit: 'connections/s',
      samples: ofEach(postgres, (way) => pgbench(way, ['-S', '-C', '-c', '4', '-T', String(seconds)])),
    },
    { title: `one result of ${ACCOUNTS.toLocaleString('en-US')} rows`, unit: 'MB/s', samples: ofEach(postgres, read) },
    {
      title: 'get of a small answer, 16 connections',
      unit: 'requests/s',
      samples: ofEach(http, (way) => load(way, { work: 'get', path: '/tickets', connections: 16, seconds }, 'requests/s')),
    },
    {
      title: `an answer of ${MEGABYTES} MB`,
      unit: 'MB/s',
      samples: ofEach(http, (way) => load(way, { work: 'read', path: `/large?bytes=${MEGABYTES * 1e6}`, times: 3 }, 'MB/s')),
    },
    {
      title: 'requests of 8 MB',
      unit: 'MB/s',
      samples: ofEach(http, (way) => load(way, { work: 'write', path: '/tickets', times: 8, size: 8e6 }, 'MB/s')),
    },
  ]
}
