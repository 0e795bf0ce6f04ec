import { asBuffer } from './characters.ts'
import type { ValueContext } from './harmless-value.ts'
import { NameScan } from './name-scan.ts'
import { isOwnCredential } from './own-credentials.ts'
import { type Found, NOTHING_FOUND, type Redacted, wholly } from './redacted.ts'
import { untilSettled } from './settle.ts'
import { Spans } from './spans.ts'
import { TokenScan } from './token-scan.ts'
import { eachTrigger, holdsTooMuch, mayHoldSecrets, triggers } from './triggers.ts'
import { UriScan } from './uri-scan.ts'

/**
 * Redacts content that is no SQL: parameters, names, what clients claim, configurations. Linear in its length; never throws, whatever the bytes.
 *
 * @param context `configuration`: our own, in which references to secrets stay readable
 * @returns the same object as content where nothing was found
 */
export function redactText(bytes: Uint8Array, context: ValueContext = 'anything'): Redacted {
  if (!mayHoldSecrets(bytes, 'text')) return { content: bytes, found: NOTHING_FOUND, whole: false }
  const redacted = untilSettled(bytes, (each) => (holdsTooMuch(each, 'text') ? 'doubt' : scanText(each, context)))
  return redacted === 'doubt' ? wholly('content', ownCredentialsIn(bytes)) : redacted
}

/** Credentials of ours in a text that is not kept: somebody has to revoke them. */
export function ownCredentialsIn(bytes: Uint8Array): readonly Found[] {
  const found = scanTokens(bytes).applyTo(bytes)?.found ?? NOTHING_FOUND
  return found.filter(({ kind }) => isOwnCredential(kind))
}

/** Everything that names or shows itself as a secret. */
export function scanText(content: Uint8Array, context: ValueContext = 'anything'): Spans {
  const bytes = asBuffer(content)
  const spans = new Spans()
  const tokens = new TokenScan(bytes, spans)
  const names = new NameScan(bytes, spans, context)
  const uris = new UriScan(bytes, spans)
  eachTrigger(bytes, 'text', (number, end) => {
    const { text, trigger } = triggers[number] as (typeof triggers)[number]
    if (trigger === 'name') names.at(end - text.length)
    else if (trigger === 'uri') uris.at(end)
    else tokens.at(number, end)
  })
  return spans
}

/** Only what shows itself, in text whose names mean something else: SQL outside of its literals, a command. */
export function scanTokens(content: Uint8Array): Spans {
  const bytes = asBuffer(content)
  const spans = new Spans()
  const tokens = new TokenScan(bytes, spans)
  const uris = new UriScan(bytes, spans)
  eachTrigger(bytes, 'text', (number, end) => {
    if (triggers[number]?.trigger === 'uri') uris.at(end)
    else tokens.at(number, end)
  })
  return spans
}
