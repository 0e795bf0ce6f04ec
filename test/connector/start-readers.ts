// The other end of readers.ts: starts that process, and tells it what to do.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Command } from './readers.ts'

/** Readers in a process of their own. */
export interface Readers {
  /** One command at a time. @throws what went wrong there */
  tell<Done>(command: Command): Promise<Done>
  stop(): void
}

export function startReaders(): Readers {
  const readers = fork(join(import.meta.dirname, 'readers.ts'))
  return {
    async tell<Done>(command: Command): Promise<Done> {
      const heard = once(readers, 'message')
      readers.send(command)
      const [{ done, error }] = (await heard) as [{ done: Done; error?: string }]
      if (error !== undefined) throw new Error(error)
      return done
    },
    stop: () => readers.disconnect(),
  }
}
