import type { Registry } from 'prom-client'
import type { CountedBudgets } from './counted.ts'
import { gauge, kept, type Reading } from './families.ts'
import type { ConnectorReading, ConnectorTotals, Sources } from './sources.ts'

const NONE: readonly string[] = []
const TRAIL_STATES = ['open', 'full', 'failed', 'closed'] as const
const EXPORT_STATES = ['running', 'failing', 'stuck'] as const

/**
 * Families of everything that is looked at and not counted as it happens.
 * @param budgets told of each limit, as configured now
 */
export function house(registry: Registry, sources: Sources, budgets: Pick<CountedBudgets, 'begin'>): void {
  const one = (name: string, help: string, read: () => number | undefined) =>
    gauge(registry, { name: `gatescribe_${name}`, help }, () => single(read()))
  const by = (name: string, help: string, labels: readonly string[], read: () => Iterable<Reading>) =>
    gauge(registry, { name: `gatescribe_${name}`, help, labels }, read)

  one('ready', 'Whether the gateway takes work: 1, or 0.', () => Number(sources.ready()))
  one('runs', 'Runs that are live.', () => sources.runs.live().length)
  one('approvals_open', 'Requests for approval that nobody has answered, or that are approved and not used yet.', sources.approvalsOpen)
  one('approvals_oldest_seconds', 'How long the oldest request for approval has been waiting for an answer; 0 where there is none.', () => {
    const oldest = sources.oldestPending()
    if (sources.approvalsOpen() === undefined) return undefined
    return oldest === undefined ? 0 : Math.max(0, (Date.now() - oldest) / 1_000)
  })
  by('break_glass', 'Break-glass that is asked for, open, or over and not reviewed yet.', ['state'], () => {
    const counts = sources.breakGlass()
    return named(
      counts === undefined
        ? []
        : [['requested', counts.requested] as const, ['open', counts.open] as const, ['unreviewed', counts.unreviewed] as const],
    )
  })
  by('door_connections', 'Connections at a door.', ['door'], () => named(sources.connections()))
  by('certificate_expiry_timestamp_seconds', 'When a certificate is not good any more.', ['certificate'], () =>
    named(sources.certificates(), 1_000),
  )
  trail(registry, sources)
  witnesses(sources, one, by)
  one(
    'recording_lag_seconds',
    'Age of the oldest of what clients were shown and no segment holds yet.',
    () => sources.recording.state.lag / 1_000,
  )
  one('recording_waiting_bytes', 'Bytes of recordings that are not durable yet.', () => sources.recording.state.waitingBytes)
  one('recording_sessions', 'Sessions that are being recorded.', () => sources.recording.state.sessions)
  const segments = { name: 'gatescribe_recording_segments_total', help: 'Segments of recordings, those that are missing too.' }
  kept(registry, segments, () => single(sources.recording.state.segments))
  const missing = { name: 'gatescribe_recording_segments_missing_total', help: 'Segments of recordings that could not be kept.' }
  kept(registry, missing, () => single(sources.recording.state.missing))
  const lag = { name: 'gatescribe_search_lag_entries', help: 'Published entries that are not in the search index.' }
  gauge(registry, lag, async () => single(await sources.searching.lag()))
  const limits = () =>
    sources.runs.budgetShares().map(({ budget, measure, share }): Reading => {
      budgets.begin(budget, measure)
      return [[budget, measure], share]
    })
  // Before anything is refused: the first is to be seen as one more than none.
  limits()
  by(
    'budget_used_ratio',
    'How much of a limit is used up by whoever used most of it, among live sessions; 1 is all of it.',
    ['budget', 'measure'],
    limits,
  )
  connectors(registry, sources, by)
  exporting(registry, sources, by)
  const { pushes } = sources
  if (!pushes) return
  one('metrics_push_interval_seconds', 'How often metrics are pushed.', () => pushes().every / 1_000)
  one('metrics_pushed_timestamp_seconds', 'When the collector took metrics last; where it never has, when pushing began.', () => {
    const { lastTaken, since } = pushes()
    return (lastTaken ?? since) / 1_000
  })
  const pushed = {
    name: 'gatescribe_metrics_pushes_total',
    help: 'Pushes of metrics to a collector, by whether it took them.',
    labels: ['result'],
  }
  kept(registry, pushed, () => {
    const { taken, failed } = pushes()
    return [[['taken'], taken] as const, [['failed'], failed] as const]
  })
}

type One = (name: string, help: string, read: () => number | undefined) => void
type By = (name: string, help: string, labels: readonly string[], read: () => Iterable<Reading>) => void

function trail(registry: Registry, { trail, disk }: Sources): void {
  const one = (name: string, help: string, read: () => number | undefined) =>
    gauge(registry, { name: `gatescribe_${name}`, help }, () => single(read()))
  gauge(registry, { name: 'gatescribe_trail_state', help: 'The state of the trail: 1 for the one that it is in.', labels: ['state'] }, () =>
    TRAIL_STATES.map((state) => [[state], Number(trail.state === state)] as const),
  )
  one('trail_durable_entries', 'Entries that are durable: where the log ends.', () => trail.written)
  one('trail_published_entries', 'Entries that are published: those that can be proven.', () => trail.proven.size)
  one('trail_checkpoint_entries', 'Entries that the newest signed checkpoint covers.', () => checkpointSize(trail.proven.checkpoint))
  one('trail_pruned_entries', 'Entries at the beginning that are pruned.', () => trail.proven.minimum)
  one(
    'trail_checkpoint_age_seconds',
    'How long the oldest entry that no checkpoint covers has been durable; 0 where there is none.',
    () => {
      return trail.proven.age / 1_000
    },
  )
  const room = { name: 'gatescribe_data_free_bytes', help: 'Free on the disk of the data folder.' }
  gauge(registry, room, async () => single((await disk())?.free))
  const size = { name: 'gatescribe_data_size_bytes', help: 'Size of the disk of the data folder.' }
  gauge(registry, size, async () => single((await disk())?.size))
}

/** C2SP tlog-checkpoint: the second line. */
function checkpointSize(note: string | undefined): number {
  const size = note?.split('\n', 2)[1]
  return size !== undefined && /^\d{1,15}$/.test(size) ? Number(size) : 0
}

function witnesses({ witnessing }: Sources, one: One, by: By): void {
  if (!witnessing) return
  one(
    'witness_age_seconds',
    'Age of the oldest checkpoint that too few witnesses have cosigned; 0 where there is none.',
    () => witnessing.age / 1_000,
  )
  one('witness_needed', 'How many witnesses must cosign.', () => witnessing.need)
  one('witness_compared', 'Whether enough witnesses have said what they remember of this log: 1, or 0, and then nothing is signed.', () =>
    Number(witnessing.compared),
  )
  by('witness_up', 'Whether a witness cosigned when it was asked last.', ['witness'], () =>
    witnessing.states.map(({ name, error, size }) => [[name], Number(error === undefined && size !== undefined)]),
  )
  by('witness_cosigned_entries', 'Size of the newest checkpoint that a witness has cosigned.', ['witness'], () =>
    witnessing.states.map(({ name, size }) => [[name], size ?? 0]),
  )
  by('witness_cosigned_timestamp_seconds', 'When a witness cosigned last, as it says.', ['witness'], () =>
    witnessing.states.flatMap(({ name, time }) => (time === undefined ? [] : [[[name], time] as const])),
  )
}

function connectors(registry: Registry, { connectors }: Sources, by: By): void {
  if (!connectors) return
  const sum = (of: (reading: ConnectorReading) => number) => (): Reading[] =>
    connectors
      .names()
      .map((name) => [[name], connectors.state().reduce((all, each) => all + (each.name === name ? of(each) : 0), 0)] as const)
  const label = ['connector']
  by(
    'connector_tunnels',
    'Connectors of a name that are connected and take streams.',
    label,
    sum(({ draining }) => Number(!draining)),
  )
  by(
    'connector_draining',
    'Connectors of a name that are being drained.',
    label,
    sum(({ draining }) => Number(draining)),
  )
  by(
    'connector_streams',
    'Streams that are open through connectors of a name.',
    label,
    sum(({ streams }) => streams),
  )
  by('connector_round_trip_seconds', 'The longest round trip to a connector of a name.', label, () =>
    connectors.names().flatMap((name): Reading[] => {
      const trips = connectors.state().flatMap((each) => (each.name === name && each.rttMs !== undefined ? [each.rttMs] : []))
      return trips.length === 0 ? [] : [[[name], Math.max(...trips) / 1_000]]
    }),
  )
  const total = (name: string, help: string, of: keyof ConnectorTotals) => {
    const family = { name: `gatescribe_connector_${name}_total`, help, labels: label }
    kept(registry, family, () => connectors.names().map((each) => [[each], connectors.totals().get(each)?.[of] ?? 0] as const))
  }
  total('connects', 'How often connectors of a name have connected.', 'connects')
  total('streams_opened', 'Streams that were opened through connectors of a name.', 'streams')
  total('streams_refused', 'Streams that connectors of a name, or the lack of one, have refused.', 'refused')
  total('received_bytes', 'Bytes that came through connectors of a name.', 'bytesIn')
  total('sent_bytes', 'Bytes that went through connectors of a name.', 'bytesOut')
}

function exporting(registry: Registry, { exports }: Sources, by: By): void {
  const label = ['export']
  by('export_lag_entries', 'Entries that a receiver has not taken yet.', label, () =>
    exports().map((each) => [[each.name], each.lagEntries]),
  )
  by('export_lag_seconds', 'Age of the oldest of those.', label, () => exports().map((each) => [[each.name], each.lagSeconds]))
  by('export_state', 'The state of an export: 1 for the one that it is in.', ['export', 'state'], () =>
    exports().flatMap((each) => EXPORT_STATES.map((state) => [[each.name, state], Number(each.state === state)] as const)),
  )
  const delivered = { name: 'gatescribe_export_delivered_total', help: 'Entries that a receiver has taken.', labels: label }
  kept(registry, delivered, () => exports().map((each) => [[each.name], each.delivered] as const))
  const failed = { name: 'gatescribe_export_failures_total', help: 'Attempts to deliver that failed.', labels: label }
  kept(registry, failed, () => exports().map((each) => [[each.name], each.failed] as const))
}

function single(value: number | undefined): readonly Reading[] {
  return value === undefined ? [] : [[NONE, value]]
}

/** @param unit how many of theirs are one of ours */
function* named(readings: Iterable<readonly [string, number]>, unit = 1): Iterable<Reading> {
  for (const [name, value] of readings) yield [[name], value / unit]
}
