import type { Writable } from 'node:stream'
import { type Logger, pino } from 'pino'
import { harmless } from './harmless.ts'

export const logFormats = ['json', 'pretty'] as const
export type LogFormat = (typeof logFormats)[number]
export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export interface LogOptions {
  readonly format: LogFormat
  readonly level: LogLevel
  /** Absent: standard error, written synchronously, so that the last line before an end is not lost. */
  readonly destination?: Writable
}

/** The gateway's own log: JSON lines with RFC 3339 times and level names, or the same for people. */
export function createLog({ format, level, destination }: LogOptions): Logger {
  const lines = destination ?? pino.destination({ dest: 2, sync: true })
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    // Errors of drivers carry what they were doing; their code and sentence are enough.
    serializers: { err: errorFields },
  }
  return format === 'json' ? pino(options, lines) : pino(options, { write: (line: string) => void lines.write(prettyLine(line)) })
}

function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, stack } = error
  return {
    name,
    message,
    ...('code' in error ? { code: error.code } : {}),
    ...('code' in error && String(error.code).startsWith('GS_') ? {} : { stack }),
  }
}

/** `12:00:00.000  info   ready  postgres=127.0.0.1:5432`; further lines of a message are indented, so that none looks like a line of its own. */
export function prettyLine(json: string): string {
  const { time, level, msg, err, ...fields } = JSON.parse(json) as {
    time: string
    level: string
    msg?: string
    err?: { code?: string; message: string }
  }
  const words = Object.entries(fields).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const failure = err ? [`${err.code ? `${err.code}: ` : ''}${err.message}`] : []
  const sentence = (msg ?? '').split('\n').map(harmless).join('\n    ')
  return `${[time.slice(11, 23), level.padEnd(5), sentence, ...[...words, ...failure].map(harmless)].join('  ')}\n`
}
