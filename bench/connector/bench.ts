// Side by side, in one run on one machine and by one gateway: targets that it reaches itself, and the same targets through a connector; TLS to the targets on
// both ways. They take turns in every round and the median counts. What may be compared are the ratios, not the rates. As root: it makes networks of its own.
//
//   npm run bench:connector -- [--seconds 3] [--rounds 3] [--only prepared] [--out bench/results/connector.json]
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import '../../test/parts/quiet-issuer.ts'
import { hasOwnNetwork, NETWORKS, networksHere } from '../../test/parts/network.ts'
import { found } from '../../test/parts/require.ts'
import { type Sample, type Summary, summarise } from '../parts/measurement.ts'
import type { WorkResult } from '../parts/overview.ts'
import { inRounds } from '../parts/rounds.ts'
import { tableOf } from '../parts/table.ts'
import { writeResults } from '../parts/written-results.ts'
import { startSides } from './sides.ts'
import { shareWhileStalled } from './stalled.ts'
import { works } from './works.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: join(import.meta.dirname, '../results/connector.json') },
  },
})

const missing = [
  ...(networksHere() ? [] : [NETWORKS]),
  ...(found('pgbench') && found('psql') ? [] : ['pgbench and psql (Debian: postgresql-15)']),
]
if (missing.length > 0) {
  console.error(`npm run bench:connector needs ${missing.join(' and ')}`)
  process.exit(69) // EX_UNAVAILABLE of sysexits.h
}
if (!hasOwnNetwork()) {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  process.exit(spawnSync(join(import.meta.dirname, '../../test/parts/in-own-network.sh'), again, { stdio: 'inherit' }).status ?? 1)
}

const seconds = Number(options.seconds)
const rounds = Number(options.rounds)
const sides = await startSides()
try {
  const results: WorkResult[] = []
  for (const { title, unit, samples } of works(sides, seconds)) {
    if (!title.includes(options.only)) continue
    const summaries = await measure(samples)
    results.push({ title, unit, summaries })
    console.log(tableOf(title, unit, summaries, ['direct']))
  }
  const streams = 'streams'.includes(options.only) ? await shareWhileStalled(sides, rounds) : undefined
  if (streams)
    console.log(
      `${streams.streams} streams of one connector, as fast as they can: while one is stalled the others have ${streams.share} of what they have while all read\n`,
    )
  writeResults(options.out, { options: { seconds, rounds }, results, streams }, ['connector'], ['direct'])
} finally {
  await sides.stop()
}

async function measure(samples: ReadonlyMap<string, () => Promise<Sample>>): Promise<Summary[]> {
  const taken = await inRounds([...samples.keys()], rounds, (name) => samples.get(name)!())
  return [...taken].map(([name, some]) => summarise(name, some))
}
