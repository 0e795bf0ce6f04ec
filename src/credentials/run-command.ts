import { isUtf8 } from 'node:buffer'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { CredentialsError } from './errors.ts'
import { withoutNewline } from './read-file.ts'

/** What bounds a command; the defaults are what docs/config.md says. */
export interface CommandBounds {
  /** Milliseconds. Default 10,000. */
  readonly deadline?: number
  /** Bytes of output. Default 65,536. */
  readonly output?: number
}

/**
 * Runs a command that prints a secret: no shell, no environment but PATH and what is given, nothing on its input, its errors unread because a
 * secret may stand there.
 *
 * @param path absolute, or a name that is looked for in that PATH
 * @returns its output without one newline at the end
 * @throws CredentialsError GS_SECRET_COMMAND_FAILED
 */
export function runSecretCommand(
  path: string,
  args: readonly string[],
  { deadline = 10_000, output = 65_536 }: CommandBounds = {},
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new CredentialsError('GS_SECRET_COMMAND_FAILED', `command:${path} ${why}.`))
    let child: ChildProcessByStdio<null, Readable, null>
    try {
      child = start(path, args, env)
    } catch (error) {
      // Some reasons are thrown, such as more arguments than the system takes; others come as an event, below.
      return fail(cannotStart(error))
    }
    const stop = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
      child.stdout.destroy()
    }
    const timer = setTimeout(() => {
      fail(`did not end within ${deadline / 1000} s`)
      stop()
    }, deadline)
    const chunks: Buffer[] = []
    let length = 0
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length <= output) return
      fail(`printed more than ${output} bytes`)
      stop()
    })
    child.on('error', (error) => {
      clearTimeout(timer)
      fail(cannotStart(error))
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const printed = Buffer.concat(chunks)
      const text = isUtf8(printed) ? withoutNewline(printed.toString('utf8')) : undefined
      for (const chunk of [printed, ...chunks]) chunk.fill(0)
      if (code !== 0) fail(code === null ? `was ended by ${signal}` : `ended with code ${code}`)
      else if (text === undefined) fail('printed what is not UTF-8')
      else if (text === '') fail('printed nothing')
      else resolve(text)
    })
  })
}

/** A process group of its own, so that what the command started ends with it. */
function start(path: string, args: readonly string[], given: Readonly<Record<string, string>>) {
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', ...given }
  return spawn(path, args, { env, stdio: ['ignore', 'pipe', 'ignore'], cwd: '/', detached: true })
}

function cannotStart(error: unknown): string {
  return `cannot be started (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`
}
