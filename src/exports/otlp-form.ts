import { otlpAttributes, otlpResource } from '../outbound/index.ts'
import type { Batch, ExportedEvent, Notice } from './batch.ts'
import type { Form } from './form.ts'
import { standingOf } from './kinds.ts'
import { noticeCaption } from './notice-caption.ts'
import type { Severity } from './severity.ts'

/** OpenTelemetry logs data model, "SeverityNumber". */
const SEVERITIES: Readonly<Record<Severity, readonly [number: number, text: string]>> = {
  information: [9, 'INFO'],
  low: [10, 'INFO2'],
  medium: [13, 'WARN'],
  high: [17, 'ERROR'],
  critical: [21, 'FATAL'],
}

/** `ExportLogsServiceRequest` in JSON: one log record for each entry, whose body is the entry as it is stored. */
export const otlpForm: Form = {
  contentType: 'application/json',
  encode: (batch, sender) =>
    JSON.stringify({
      resourceLogs: [
        {
          resource: otlpResource(sender),
          scopeLogs: [
            {
              scope: { name: 'gatescribe.trail', version: sender.version, attributes: scopeAttributes(batch) },
              logRecords: [
                ...batch.notices.map((notice) => noticeRecord(notice, batch.log)),
                ...batch.events.map((event) => eventRecord(event, batch.log)),
              ],
            },
          ],
        },
      ],
    }),
  rejected(answer) {
    const said = parsed(answer)
    const { rejectedLogRecords: rejected } = (said?.partialSuccess ?? {}) as { rejectedLogRecords?: unknown }
    const count = Number(rejected ?? 0)
    return Number.isSafeInteger(count) && count > 0 ? count : undefined
  },
}

function scopeAttributes({ log, from, to, events, digest }: Batch) {
  return otlpAttributes({
    'gatescribe.log': log,
    'gatescribe.batch.from': from,
    'gatescribe.batch.to': to,
    'gatescribe.batch.count': events.length,
    'gatescribe.batch.digest': digest,
  })
}

function eventRecord({ id, entry, about, leaf }: ExportedEvent, log: string) {
  const { kind, fields, index, at } = entry
  const { severity, status } = standingOf(kind, fields, about)
  const time = nanosecondsOf(at)
  return {
    ...{ timeUnixNano: time, observedTimeUnixNano: time },
    ...severityOf(severity),
    eventName: `gatescribe.${kind}`,
    body: { stringValue: Buffer.from(entry.bytes).toString() },
    attributes: otlpAttributes({
      'log.record.uid': id,
      'gatescribe.log': log,
      'gatescribe.index': index,
      'gatescribe.leaf': leaf.toString('hex'),
      'gatescribe.kind': kind,
      'gatescribe.status': status,
      'gatescribe.run': about.run,
      'gatescribe.session': about.session,
      'gatescribe.resource': about.resource,
      'gatescribe.protocol': about.protocol,
      'gatescribe.who': about.who,
      'gatescribe.decisions': about.decisions.length === 0 ? undefined : about.decisions.map(({ effect }) => effect),
      'gatescribe.rules': about.decisions.length === 0 ? undefined : [...new Set(about.decisions.flatMap(({ rules }) => rules))],
    }),
  }
}

function noticeRecord(notice: Notice, log: string) {
  const time = `${notice.at}000000`
  return {
    ...{ timeUnixNano: time, observedTimeUnixNano: time },
    ...severityOf('low'),
    eventName: `gatescribe.notice.${notice.notice}`,
    body: { stringValue: noticeCaption(notice) },
    attributes: otlpAttributes({
      'log.record.uid': notice.id,
      'gatescribe.log': log,
      'gatescribe.notice': notice.notice,
      ...(notice.notice === 'gap' && {
        'gatescribe.gap.log': notice.gap.log,
        'gatescribe.gap.from': notice.gap.from,
        'gatescribe.gap.to': notice.gap.to,
        'gatescribe.gap.why': notice.gap.why,
      }),
    }),
  }
}

function severityOf(severity: Severity) {
  const [severityNumber, severityText] = SEVERITIES[severity]
  return { severityNumber, severityText }
}

/** @param at RFC 3339, nanoseconds, UTC */
function nanosecondsOf(at: string): string {
  const [, whole = '', fraction = ''] = /^(.+?)(?:\.(\d{1,9}))?Z$/.exec(at) ?? []
  return `${Date.parse(`${whole}Z`) / 1_000}${fraction.padEnd(9, '0')}`
}

function parsed(answer: Uint8Array): { readonly partialSuccess?: unknown } | undefined {
  try {
    const said: unknown = JSON.parse(Buffer.from(answer).toString())
    return typeof said === 'object' && said !== null ? said : undefined
  } catch {
    return undefined
  }
}
