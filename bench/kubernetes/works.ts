import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RunningCluster } from '../../test/parts/kubernetes-cluster.ts'
import type { Done, Load } from '../parts/http-load.ts'
import type { Sample } from '../parts/measurement.ts'
import { runLoad, withCpu } from '../parts/run-load.ts'
import type { Contender } from './contenders.ts'

export interface Bench {
  readonly cluster: RunningCluster
  readonly source: Contender
  readonly seconds: number
  readonly folder: string
}

/** A piece of work that every contender does once per round. */
export interface Work {
  readonly title: string
  readonly unit: string
  sample(contender: Contender): Promise<Sample>
}

/** Objects in the namespace `many`. */
export const OBJECTS = 5000
/** Of a container's log, and of what is copied. */
export const MEGABYTES = 64
const WATCHES = 200

/** Everything that is measured, in the order of the report. Of pod `web`, with the log and the file that {@link Bench} has laid out. */
export function works(bench: Bench): readonly Work[] {
  const { seconds, folder, cluster, source } = bench
  const map = '/api/v1/namespaces/many/configmaps/object-1'
  const file = join(folder, 'file')
  return [
    ...[1, 16].map(
      (connections): Work => ({
        title: `get, ${connections} ${connections === 1 ? 'connection' : 'connections'}`,
        unit: 'requests/s',
        sample: (contender) => loaded(bench, contender, { work: 'get', path: map, connections, seconds }, ({ count }) => count),
      }),
    ),
    {
      title: `list of ${OBJECTS.toLocaleString('en-US')} objects`,
      unit: 'MB/s',
      sample: (contender) =>
        loaded(bench, contender, { work: 'read', path: '/api/v1/namespaces/many/configmaps?resourceVersion=0', times: 5 }, megabytes),
    },
    {
      title: `watch, an event to ${WATCHES} watches`,
      unit: 'events/s',
      sample: ({ server, ca, token, ...contender }) =>
        loaded(
          bench,
          { server, ca, token, ...contender },
          { work: 'watch', watches: WATCHES, events: 20, source: { server: source.server, ca: source.ca, token: source.token } },
          ({ count }) => count,
        ),
    },
    {
      title: `logs of ${MEGABYTES} MB`,
      unit: 'MB/s',
      sample: (contender) =>
        loaded(bench, contender, { work: 'read', path: '/api/v1/namespaces/default/pods/web/log', times: 1 }, megabytes),
    },
    {
      title: 'kubectl exec true',
      unit: 'commands/s',
      sample: (contender) => commanded(bench, contender, ['exec', 'web', '--', 'true'], 10, 1),
    },
    ...(['WebSockets', 'SPDY'] as const).flatMap((carrier): Work[] => {
      const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: String(carrier === 'WebSockets') }
      const much = ['exec', 'web', '--', 'head', '-c', String(MEGABYTES * 1e6), file]
      return [
        {
          title: `exec that says ${MEGABYTES} MB, ${carrier}`,
          unit: 'MB/s',
          sample: (contender) => commanded(bench, contender, much, 1, MEGABYTES, env),
        },
        {
          title: `cp of ${MEGABYTES} MB into a pod, ${carrier}`,
          unit: 'MB/s',
          sample: (contender) =>
            commanded(bench, contender, ['cp', file, `web:${folder}/into`], 1, MEGABYTES, env).finally(() =>
              rmSync(join(folder, 'into'), { force: true }),
            ),
        },
        {
          title: `cp of ${MEGABYTES} MB out of a pod, ${carrier}`,
          unit: 'MB/s',
          sample: (contender) =>
            commanded(bench, contender, ['cp', `web:${file}`, join(folder, 'out')], 1, MEGABYTES, env).finally(() =>
              rmSync(join(folder, 'out'), { force: true }),
            ),
        },
      ]
    }),
  ]

  async function commanded(
    { cluster: { binaries } }: Bench,
    contender: Contender,
    words: readonly string[],
    times: number,
    worth: number,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Sample> {
    return measured(contender, async () => {
      const began = performance.now()
      for (let time = 0; time < times; time += 1) {
        const child = spawn(binaries.kubectl, words, {
          env: { PATH: process.env.PATH, HOME: cluster.folder, KUBECONFIG: contender.kubeconfig, ...env },
          stdio: ['ignore', 'ignore', 'inherit'],
        })
        const [code] = await once(child, 'exit')
        if (code !== 0) throw new Error(`${contender.name}: kubectl ${words.join(' ')} ended with ${code}`)
      }
      const ms = performance.now() - began
      return { rate: (times * worth) / (ms / 1000), count: times * worth, latency: ms / times }
    })
  }

  function measured(contender: Contender, work: () => Promise<Omit<Sample, 'cpu'>>): Promise<Sample> {
    return withCpu(contender, [cluster.pids['kube-apiserver'], cluster.pids.podstreams, cluster.pids.etcd], work)
  }

  function loaded(
    of: Bench,
    contender: Contender,
    load: Omit<Load, 'server' | 'ca' | 'token'>,
    count: (done: Done) => number,
  ): Promise<Sample> {
    const { server, ca, token } = contender
    return measured(contender, async () => {
      const done = await runLoad({ server, ca, token, ...load }, of.folder)
      return { rate: count(done) / done.seconds, count: count(done), latency: done.latency }
    })
  }
}

const megabytes = ({ bytes }: Done): number => bytes / 1e6
