import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Ran } from '../parts/command.ts'
import type { AuditEvent } from '../parts/kubernetes-cluster.ts'
import type { Host } from '../parts/network.ts'

/** What is to be started in a host. */
export interface Wanted {
  readonly postgres?: {
    readonly role: string
    readonly password: string
    readonly database: string
    readonly settings?: Readonly<Record<string, string | number>>
  }
  readonly cluster?: ClusterWanted
  readonly model?: true
}

/** @property pod the name of one that runs there */
export interface ClusterWanted {
  readonly pod: string
}

/** CAs are PEM. */
export interface StartedTargets {
  /** Its certificate is for localhost; it takes the role in TLS alone. */
  readonly postgres?: { readonly port: number; readonly ca: string; readonly pid: number }
  /** Its certificate is for kubernetes.default.svc. */
  readonly cluster?: { readonly port: number; readonly ca: string; readonly token: string; readonly kubectl: string }
  /** Its certificate is for models.internal. */
  readonly model?: { readonly port: number; readonly ca: string; readonly key: string }
}

type Asked =
  | { readonly about: 'query'; readonly sql: string; readonly database: string }
  | { readonly about: 'statements' | 'audit' | 'asked' }
  | { readonly about: 'kubectl'; readonly words: readonly string[] }
export type Question = Asked & { readonly id: number }

type Told = { readonly started: StartedTargets } | { readonly id: number; readonly answer?: unknown; readonly error?: string }

export interface Targets extends StartedTargets {
  readonly pid: number
  /** As PostgreSQL's superuser, beside the server. */
  query(sql: string, database?: string): Promise<Record<string, unknown>[]>
  /** PostgreSQL's own log so far. */
  statements(): Promise<string>
  /** As the administrator, beside the API server. */
  kubectl(words: readonly string[]): Promise<Ran>
  audit(): Promise<AuditEvent[]>
  /** Requests that the provider of models saw. */
  asked(): Promise<{ readonly path: string; readonly status?: number; readonly aborted: boolean }[]>
  stop(): Promise<void>
}

/** Starts real targets in a host: nothing of them can be reached but through its legs. */
export async function startTargets(host: Host, wanted: Wanted): Promise<Targets> {
  const [command, ...words] = host.words(process.execPath, [])
  const child = fork(join(import.meta.dirname, 'targets-process.ts'), [JSON.stringify(wanted)], {
    execPath: command,
    execArgv: words,
    serialization: 'advanced',
  })
  const waiting = new Map<number, (told: { readonly answer?: unknown; readonly error?: string }) => void>()
  let questions = 0
  const ended = once(child, 'exit')
  const started = await new Promise<StartedTargets>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the targets ended with ${code}`)))
    child.on('message', (told: Told) => {
      if ('started' in told) resolve(told.started)
      else waiting.get(told.id)?.(told)
    })
  })
  /** @throws what the target said */
  function ask<Answer>(question: Asked): Promise<Answer> {
    const id = ++questions
    return new Promise((resolve, reject) => {
      waiting.set(id, ({ answer, error }) => {
        waiting.delete(id)
        if (error === undefined) resolve(answer as Answer)
        else reject(new Error(error))
      })
      child.send({ ...question, id })
    })
  }
  return {
    ...started,
    pid: child.pid as number,
    query: (sql, database = 'postgres') => ask({ about: 'query', sql, database }),
    statements: () => ask({ about: 'statements' }),
    kubectl: (kubectl) => ask({ about: 'kubectl', words: kubectl }),
    audit: () => ask({ about: 'audit' }),
    asked: () => ask({ about: 'asked' }),
    async stop() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
