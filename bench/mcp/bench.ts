// Side by side, in one run on one machine: a server of MCP reached directly, through nginx, and through the gateway, with and without masks. The contenders take
// turns in every round and the median counts. What may be compared are the ratios, and what each adds to a call and to an event of a stream.
//
//   npm run bench:mcp -- [--seconds 3] [--rounds 3] [--events 300] [--streams 500] [--only calls] [--out bench/results/mcp.json]
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import '../../test/parts/quiet-issuer.ts'
import { JOB_GROUP } from '../../test/parts/gateway-config.ts'
import { benchTimed } from '../parts/timed-bench.ts'
import type { McpLoad } from './load.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    events: { type: 'string', default: '300' },
    streams: { type: 'string', default: '500' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: join(import.meta.dirname, '../results/mcp.json') },
  },
})
const seconds = Number(options.seconds)
const compared = ['rates', 'times'] as const
const when = 'tool.name in ["find_orders", "stay", "tell"] && tool.arguments.state == "late"'

function streams(title: string, load: Pick<McpLoad, 'connections' | 'every'>) {
  return { title, compared: ['times'] as const, load: { work: 'stream' as const, events: Number(options.events), ...load } }
}

await benchTimed<Omit<McpLoad, 'server' | 'ca' | 'token'>>({
  programs: import.meta.dirname,
  works: [
    { title: 'calls of a tool, 1 connection', compared, load: { work: 'call', connections: 1, seconds } },
    { title: 'calls of a tool, 16 connections', compared, load: { work: 'call', connections: 16, seconds } },
    { title: 'lists of 40 tools, 4 connections', compared, load: { work: 'list', connections: 4, seconds } },
    streams('events of 1 stream, every 5 ms', { connections: 1, every: 5 }),
    streams('events of 16 streams, every 20 ms', { connections: 16, every: 20 }),
  ],
  target: {
    ...{ kind: 'mcp', credential: 'bearer', resource: { pin: 'first' } },
    rules: [
      { name: 'lists', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['mcp.list'] },
      { name: 'orders', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['mcp.call'], when },
    ],
  },
  timesAs: 'latencies',
  options: { seconds, rounds: Number(options.rounds), streams: Number(options.streams), only: options.only, out: options.out },
})
