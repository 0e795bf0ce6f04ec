import { PostError, type Posted, post, signature } from '../outbound/index.ts'
import { type Batch, batchHeader } from './batch.ts'
import { ExportError } from './errors.ts'
import type { ExportFailure } from './export-state.ts'
import type { Form, Sender } from './form.ts'
import { ocsfForm } from './ocsf/ocsf-form.ts'
import { otlpForm } from './otlp-form.ts'
import type { ExportSettings } from './settings.ts'
import { webhookForm } from './webhook-form.ts'

/** The secrets of one export, at the moment of use. */
export interface ExportSecrets {
  readonly headers: Readonly<Record<string, string>>
  /** What notifications are signed with. */
  readonly secret?: string
  /** PEM. */
  readonly ca?: string
}

/** What became of an attempt. */
export type Sent =
  | { readonly outcome: 'taken'; readonly posted: Posted; readonly latency: number }
  /** Tried again. @param pause how long it wants to be left alone, ms */
  | {
      readonly outcome: 'again'
      readonly failure: Omit<ExportFailure, 'at'>
      readonly pause?: number
      readonly posted?: Posted
      readonly latency: number
    }
  /** What it says is refused: to send the same once more changes nothing. */
  | { readonly outcome: 'refused'; readonly failure: Omit<ExportFailure, 'at'>; readonly posted: Posted; readonly latency: number }

const FORMS: Readonly<Record<ExportSettings['kind'], Form>> = { ocsf: ocsfForm, otlp: otlpForm, webhook: webhookForm }
/** RFC 9110 §15.5.1, §15.5.14, §15.5.21: about what was sent. All others are about who sends, where to and when. */
const ABOUT_CONTENT: ReadonlySet<number> = new Set([400, 413, 422])

export interface SendParts {
  readonly settings: ExportSettings
  readonly secretsOf: (name: string) => Promise<ExportSecrets>
  readonly sender: Sender
  /** For the whole answer; ms. */
  readonly timeout: number
}

/** Sends one batch, once. @throws whatever the signal aborts with */
export async function send(batch: Batch, { settings, secretsOf, sender, timeout }: SendParts, signal: AbortSignal): Promise<Sent> {
  const form = FORMS[settings.kind]
  const began = performance.now()
  const latency = () => Math.round(performance.now() - began)
  try {
    const { headers, secret, ca } = await unlessAborted(secretsOf(settings.name), signal)
    const body = form.encode(batch, sender)
    const posted = await post(settings.url, {
      headers: {
        ...headers,
        'content-type': form.contentType,
        'x-gatescribe-batch': batchHeader(batch),
        ...(secret !== undefined && { 'x-gatescribe-signature': signature(secret, body, Date.now()) }),
      },
      ...{ body, signal, timeout },
      ...(ca !== undefined && { ca }),
    })
    return judged(posted, form, latency())
  } catch (error) {
    signal.throwIfAborted()
    return { outcome: 'again', failure: failureOf(error), latency: latency() }
  }
}

/** A secret may come from a command that takes its time. */
async function unlessAborted<T>(wanted: Promise<T>, signal: AbortSignal): Promise<T> {
  const given = Promise.withResolvers<never>()
  const stop = () => given.reject(signal.reason)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([wanted, given.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function judged(posted: Posted, form: Form, latency: number): Sent {
  const { status, retryAfter, body } = posted
  if (status >= 200 && status < 300) {
    const rejected = form.rejected?.(body)
    if (rejected === undefined) return { outcome: 'taken', posted, latency }
    return { outcome: 'refused', failure: { ...coded('GS_EXPORTS_REFUSED', `it rejects ${rejected} of them`), status }, posted, latency }
  }
  const why = `status ${status}`
  if (ABOUT_CONTENT.has(status)) return { outcome: 'refused', failure: { ...coded('GS_EXPORTS_REFUSED', why), status }, posted, latency }
  const failure = { ...coded('GS_EXPORTS_STATUS', why), status }
  return { outcome: 'again', failure, posted, latency, ...(retryAfter !== undefined && { pause: retryAfter }) }
}

/** Errors of ours say nothing of content or address; others are not passed on. */
export function failureOf(error: unknown): Omit<ExportFailure, 'at'> {
  if (error instanceof PostError) {
    const code = error.why === 'tls' ? 'GS_EXPORTS_TLS' : error.why === 'unreachable' ? 'GS_EXPORTS_UNREACHABLE' : 'GS_EXPORTS_SILENT'
    return coded(code, error.message)
  }
  const { code, message, next } = error as { code?: unknown; message?: unknown; next?: unknown }
  if (typeof code === 'string' && code.startsWith('GS_') && typeof message === 'string' && typeof next === 'string')
    return { code, message, next }
  // Neither the receiver nor a secret: a file of ours.
  return coded('GS_EXPORTS_HERE')
}

function coded(code: ConstructorParameters<typeof ExportError>[0], why?: string): Omit<ExportFailure, 'at'> {
  const { message, next } = new ExportError(code, why === undefined ? {} : { why })
  return { code, message, next }
}
