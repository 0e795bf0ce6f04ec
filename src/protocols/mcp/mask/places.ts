import { type Findings, type JsonPlace, jsonString, maskFound, NOTHING_THERE, replaceFound } from '../../../masking/index.ts'

/**
 * Where a message shows something, and what masks make of it: every string of what a tool, a resource or a prompt says, also within structured content.
 * Names of the protocol stay, and what is in base64 is looked into where it is text.
 *
 * @param key of the operator `hash`. @param found told the detector of each find. @param binary called where something in base64 is no text
 */
export function shownPlaces(
  findings: Findings,
  key: Uint8Array | undefined,
  found: (detector: string) => void,
  binary: () => void,
): JsonPlace {
  const text = replaceFound(findings, key, found)
  const everything: JsonPlace = { live: true, member: () => everything, element: () => everything, replace: text }
  const unless = (own: RegExp): JsonPlace => ({
    ...everything,
    replace: (token, name) => (own.test(Buffer.from(token).toString('latin1')) ? undefined : text(token, name)),
  })
  const encoded: JsonPlace = {
    ...everything,
    replace(token, name) {
      const bytes = base64In(token)
      return bytes === undefined ? text(token, name) : maskedBase64(bytes, findings, key, found, binary)
    },
  }
  const content = object({ type: unless(TYPE), mimeType: unless(MIME), data: encoded, blob: encoded }, () => content)
  const result = object(
    {
      content: listOf(content),
      contents: listOf(content),
      messages: listOf(content),
      structuredContent: everything,
      resultType: NOTHING_THERE,
    },
    () => everything,
  )
  const said = object({ progressToken: NOTHING_THERE, requestId: NOTHING_THERE }, () => everything)
  return object({ result, error: everything, params: said }, () => NOTHING_THERE)

  function object(known: Readonly<Record<string, JsonPlace>>, other: () => JsonPlace): JsonPlace {
    const place: JsonPlace = {
      live: true,
      member: (name) => (Object.hasOwn(known, name) ? (known[name] as JsonPlace) : other()),
      element: () => place,
      replace: text,
    }
    return place
  }
}

const listOf = (element: JsonPlace): JsonPlace => ({ ...element, element: () => element })

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What the protocol itself says there. Anything else is somebody's value. */
const TYPE = /^"[a-z_]{1,32}"$/
const MIME = /^"[a-z]{1,20}\/[A-Za-z0-9.+-]{1,64}( ?; ?charset=[A-Za-z0-9-]{1,20})?"$/
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/

/** What a string in base64 holds, which may be on lines; undefined: it is none. */
function base64In(token: Uint8Array): Buffer | undefined {
  if (token[0] !== 0x22) return undefined
  const said = (JSON.parse(Buffer.from(token.buffer, token.byteOffset, token.length).toString()) as string).replace(/\s+/g, '')
  return BASE64.test(said) ? Buffer.from(said, 'base64') : undefined
}

/** A picture is no text; a text in base64 is one. */
function maskedBase64(
  bytes: Buffer,
  findings: Findings,
  key: Uint8Array | undefined,
  found: (detector: string) => void,
  binary: () => void,
): Uint8Array | undefined {
  try {
    UTF8.decode(bytes)
  } catch {
    binary()
    return undefined
  }
  const replaced = maskFound(bytes, findings, key)
  if (replaced === undefined) return undefined
  for (const { detector } of replaced.found) found(detector)
  return jsonString(Buffer.from(Buffer.from(replaced.content ?? []).toString('base64')))
}
