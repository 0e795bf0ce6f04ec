// Side by side, in one run on one machine: a provider of models reached directly, through nginx, and through the gateway, with and without masks. The contenders
// take turns in every round and the median counts. What may be compared are the ratios, and what each adds to an event of a stream.
//
//   npm run bench:model -- [--seconds 3] [--rounds 3] [--events 300] [--streams 500] [--only call] [--out bench/results/model.json]
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import '../../test/parts/quiet-issuer.ts'
import { JOB_GROUP } from '../../test/parts/gateway-config.ts'
import { benchTimed } from '../parts/timed-bench.ts'
import type { ModelLoad } from './load.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    events: { type: 'string', default: '300' },
    streams: { type: 'string', default: '500' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: join(import.meta.dirname, '../results/model.json') },
  },
})
const seconds = Number(options.seconds)

function calls(title: string, load: Pick<ModelLoad, 'connections' | 'messages'>) {
  return { title, compared: ['rates'] as const, load: { work: 'call' as const, seconds, ...load } }
}

function streams(title: string, load: Pick<ModelLoad, 'connections' | 'every'>) {
  return { title, compared: ['times'] as const, load: { work: 'stream' as const, events: Number(options.events), ...load } }
}

await benchTimed<Omit<ModelLoad, 'server' | 'ca' | 'token'>>({
  programs: import.meta.dirname,
  works: [
    calls('small calls, 1 connection', { connections: 1 }),
    calls('small calls, 16 connections', { connections: 16 }),
    calls('calls with a conversation of 200 messages, 4 connections', { connections: 4, messages: 200 }),
    streams('events of 1 stream, every 5 ms', { connections: 1, every: 5 }),
    streams('events of 16 streams, every 20 ms', { connections: 16, every: 20 }),
  ],
  target: {
    ...{ kind: 'model', credential: 'apiKey', resource: { api: 'openai' } },
    rules: [{ name: 'models', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['model.call'], when: 'model.model == "m"' }],
  },
  timesAs: 'events',
  options: { seconds, rounds: Number(options.rounds), streams: Number(options.streams), only: options.only, out: options.out },
})
