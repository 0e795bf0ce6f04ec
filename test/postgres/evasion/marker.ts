/** Stands in shop.secrets and nowhere else: whoever sees it has read the table. */
export const MARKER = 'xyzzy-7f3a'

const LETTERS = MARKER.replaceAll('-', '')
const reversed = (text: string) => [...text].reverse().join('')

/** What base64 makes of the marker, whatever stands before it: without the letters that its neighbours have a part in. */
const inBase64 = [0, 1, 2].map((before) => {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(MARKER)])
  const whole = bytes.toString('base64').replaceAll('=', '')
  return whole.slice(before === 0 ? 0 : before + 1, bytes.length % 3 === 0 ? undefined : -1)
})

/** The marker, and what simple functions make of it; without regard to upper and lower case. */
export const FORMS: readonly string[] = [
  MARKER,
  reversed(MARKER),
  Buffer.from(MARKER).toString('hex'),
  ...inBase64,
  // Its letters as numbers, one after the other.
  [...MARKER].map((letter) => letter.charCodeAt(0)).join(''),
].map((form) => form.toLowerCase())

/** Messages of the server in which values, or texts made of them, come: DataRow, CopyData, errors, notices, notifications, settings. */
const TELLING = new Set([...'DdENAS'].map((letter) => letter.charCodeAt(0)))

/** Whether the marker came over the wire: as it is, in one of its forms, or letter by letter in values that follow one another. */
export function showsMarker(received: Buffer): boolean {
  const said = received.toString('latin1').toLowerCase()
  if (FORMS.some((form) => said.includes(form))) return true
  const values = [...told(received)].join('').toLowerCase()
  if (FORMS.some((form) => values.includes(form))) return true
  const letters = values.replaceAll(/[^a-z0-9]/g, '')
  return letters.includes(LETTERS) || letters.includes(reversed(LETTERS))
}

/** What the messages hold, without what frames it: values of rows one by one, other texts whole. */
export function* told(received: Buffer): Generator<string> {
  for (let at = 0; at + 5 <= received.length; ) {
    const end = at + 1 + Math.max(4, received.readUInt32BE(at + 1))
    const body = received.subarray(at + 5, Math.min(end, received.length))
    if (received[at] === DATA_ROW) yield* columns(body)
    else if (TELLING.has(received[at] ?? 0)) yield body.toString('latin1')
    at = end
  }
}

const DATA_ROW = 'D'.charCodeAt(0)

function* columns(body: Buffer): Generator<string> {
  for (let at = 2; at + 4 <= body.length; ) {
    const length = Math.max(0, body.readInt32BE(at))
    yield body.subarray(at + 4, at + 4 + length).toString('latin1')
    at += 4 + length
  }
}
