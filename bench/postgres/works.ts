import { join } from 'node:path'
import type { Contender } from '../parts/contender.ts'
import type { Sample } from '../parts/measurement.ts'
import { runClient } from '../parts/run-client.ts'

/** A piece of work that every contender does once per round. */
export interface Work {
  readonly title: string
  readonly unit: 'transactions/s' | 'MB/s' | 'connections/s'
  readonly encrypted: boolean
  /** Of people: gateways that mask something take part too. */
  readonly personal?: true
  sample(contender: Contender): Promise<Sample>
}

export interface Bench {
  readonly serverPid: number
  /** Seconds that a pgbench run lasts. */
  readonly seconds: number
  /** Where files can be put. */
  readonly folder: string
  /** Bytes of pgbench_accounts in COPY’s text format; {@link ACCOUNTS} rows. */
  readonly accountBytes: number
  /** The same of `contacts`, with as many rows. */
  readonly contactBytes: number
}

/** Rows of pgbench_accounts: ten times pgbench’s unit of scale. */
export const ACCOUNTS = 1_000_000

const MODES = ['simple', 'extended', 'prepared'] as const
const CLIENTS = [1, 8, 32] as const

/** Everything that is measured, in the order of the report. */
export function works(bench: Bench): readonly Work[] {
  return [
    ...MODES.flatMap((mode) => CLIENTS.map((clients) => selectOnly(bench, mode, clients, false))),
    largeResult(bench),
    contacts(bench),
    copyOut(bench),
    copyContactsOut(bench),
    copyIn(bench),
    connecting(bench, false),
    ...CLIENTS.map((clients) => selectOnly(bench, 'prepared', clients, true)),
    connecting(bench, true),
  ]
}

function selectOnly(bench: Bench, mode: (typeof MODES)[number], clients: number, encrypted: boolean): Work {
  return {
    title: `pgbench -S, ${mode}, ${clients} ${clients === 1 ? 'client' : 'clients'}${encrypted ? ', TLS' : ''}`,
    unit: 'transactions/s',
    encrypted,
    sample: async (contender) => pgbench(bench, contender, ['-S', '-M', mode, '-c', String(clients), '-T', String(bench.seconds)]),
  }
}

function connecting(bench: Bench, encrypted: boolean): Work {
  return {
    title: `a connection per transaction, 4 clients${encrypted ? ', TLS' : ''}`,
    unit: 'connections/s',
    encrypted,
    sample: async (contender) => pgbench(bench, contender, ['-S', '-C', '-c', '4', '-T', String(bench.seconds)]),
  }
}

/** pgbench reads a result as libpq does, whole, and throws it away: no formatting in the measurement. */
function largeResult(bench: Bench): Work {
  return {
    title: `one result of ${ACCOUNTS.toLocaleString('en-US')} rows`,
    unit: 'MB/s',
    encrypted: false,
    sample: async (contender) =>
      megabytes(
        bench.accountBytes,
        await runClient('pgbench', ['-n', '-t', '1', '-f', join(import.meta.dirname, 'large-result.sql')], contender, bench.serverPid),
      ),
  }
}

/** Every cell but the key is text, two columns of five are personal. */
function contacts(bench: Bench): Work {
  return {
    title: `one result of ${ACCOUNTS.toLocaleString('en-US')} contacts`,
    unit: 'MB/s',
    encrypted: false,
    personal: true,
    sample: async (contender) =>
      megabytes(
        bench.contactBytes,
        await runClient('pgbench', ['-n', '-t', '1', '-f', join(import.meta.dirname, 'contacts.sql')], contender, bench.serverPid),
      ),
  }
}

function copyContactsOut(bench: Bench): Work {
  return {
    title: `COPY TO STDOUT of ${ACCOUNTS.toLocaleString('en-US')} contacts`,
    unit: 'MB/s',
    encrypted: false,
    personal: true,
    sample: async (contender) =>
      megabytes(
        bench.contactBytes,
        await runClient('psql', ['-Xqc', `\\copy contacts to '${join(bench.folder, 'contacts')}'`], contender, bench.serverPid),
      ),
  }
}

function copyOut(bench: Bench): Work {
  return {
    title: `COPY TO STDOUT of ${ACCOUNTS.toLocaleString('en-US')} rows`,
    unit: 'MB/s',
    encrypted: false,
    sample: async (contender) =>
      megabytes(
        bench.accountBytes,
        await runClient('psql', ['-Xqc', `\\copy pgbench_accounts to '${join(bench.folder, 'accounts')}'`], contender, bench.serverPid),
      ),
  }
}

function copyIn(bench: Bench): Work {
  return {
    title: `COPY FROM STDIN of ${ACCOUNTS.toLocaleString('en-US')} rows`,
    unit: 'MB/s',
    encrypted: false,
    sample: async (contender) => {
      const copy = `\\copy copied from '${join(bench.folder, 'accounts')}'`
      return megabytes(
        bench.accountBytes,
        await runClient('psql', ['-Xq', '-c', 'TRUNCATE copied', '-c', copy], contender, bench.serverPid),
      )
    },
  }
}

function megabytes(bytes: number, run: Awaited<ReturnType<typeof runClient>>): Sample {
  const count = bytes / 1e6
  return { rate: count / run.seconds, count, cpu: run.cpu }
}

async function pgbench(bench: Bench, contender: Contender, options: readonly string[]): Promise<Sample> {
  const run = await runClient('pgbench', ['-n', ...options], contender, bench.serverPid)
  const found = (pattern: RegExp) => Number(pattern.exec(run.stdout)?.[1] ?? Number.NaN)
  return {
    rate: found(/^tps = ([\d.]+)/m),
    count: found(/^number of transactions actually processed: (\d+)/m),
    latency: found(/^latency average = ([\d.]+) ms/m),
    cpu: run.cpu,
  }
}
