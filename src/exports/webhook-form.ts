import { createHash } from 'node:crypto'
import type { Batch, ExportedEvent, Notice } from './batch.ts'
import type { Form } from './form.ts'

/** JSON in which each entry stands as it is stored, byte for byte. */
export const webhookForm: Form = {
  contentType: 'application/json',
  encode(batch, { version, instance }) {
    const { log, from, to, events, digest, notices } = batch
    const head = JSON.stringify({
      id: idOf(batch),
      sender: { name: 'gatescribe', version, instance },
      log,
      from,
      to,
      count: events.length,
      digest,
    })
    return `${head.slice(0, -1)},"events":[${events.map(eventText).join(',')}],"notices":${JSON.stringify(notices.map(noticeOf))}}`
  },
}

/** The same for the same entries, and for the same notices: one that is sent again is known by it, and no other is taken for it. */
function idOf({ log, from, to, events, notices }: Batch): string {
  const [first] = notices
  if (first?.notice === 'test') return first.id
  if (events.length > 0) return `${log}/${from}-${to}`
  const said = createHash('sha256').update(JSON.stringify(notices.map(({ id }) => id)))
  return `${log}/${from}-${to}/notices-${said.digest('hex').slice(0, 32)}`
}

function eventText({ id, entry, leaf, about: { decisions, ...about } }: ExportedEvent): string {
  const head = JSON.stringify({
    ...{ id, index: entry.index, leaf: leaf.toString('hex') },
    about: { ...about, ...(decisions.length > 0 && { decisions }) },
  })
  return `${head.slice(0, -1)},"entry":${Buffer.from(entry.bytes).toString()}}`
}

function noticeOf(notice: Notice): object {
  const { at, ...rest } = notice
  return { ...rest, at: new Date(at).toISOString() }
}
