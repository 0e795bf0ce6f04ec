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

/** The same for the same range: one that is sent again is known by it. */
function idOf({ log, from, to, notices }: Batch): string {
  const [first] = notices
  return first?.notice === 'test' ? first.id : `${log}/${from}-${to}`
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
