import { entryText, MAX_ENTRY_BYTES, parseEntry } from './entry.ts'
import type { EntryClock } from './entry-clock.ts'
import { OpenPayloadKey, type PayloadPlace, sealedBytes } from './payload-key.ts'
import { PAYLOAD_HEADER_BYTES, recordOverhead } from './record.ts'
import type { StagedBatch } from './staged-batch.ts'
import type { EntryDraft, EntryId, PayloadDraft } from './trail.ts'

const BOOT_BYTES = 5
const COUNTER_BYTES = 5
const PAYLOAD_NAME = /^[a-z0-9.]+$/

/**
 * Under one key a nonce never comes twice: 5 bytes boot id, 5 bytes entry counter, 2 bytes place of the payload in its entry.
 *
 * @param id `<boot>.<n>`
 */
export function payloadNonce(id: EntryId, place: number): Buffer {
  const nonce = Buffer.allocUnsafe(12)
  const dot = id.indexOf('.')
  nonce.write(id.slice(0, dot), 0, BOOT_BYTES, 'hex')
  nonce.writeUIntBE(Number(id.slice(dot + 1)), BOOT_BYTES, COUNTER_BYTES)
  nonce.writeUInt16BE(place, BOOT_BYTES + COUNTER_BYTES)
  return nonce
}

/** Turns drafts into records. */
export class EntryWriter {
  readonly #origin: string
  readonly #clock: EntryClock
  readonly #largest: number

  /** @param largest bytes that one record may take */
  constructor(origin: string, clock: EntryClock, largest: number) {
    this.#origin = origin
    this.#clock = clock
    this.#largest = largest
  }

  /**
   * Writes one record into a batch.
   *
   * @param kept whether it is kept when there is no room
   * @param at its time, RFC 3339
   * @throws RangeError where the draft cannot be an entry; then the batch is as before
   */
  write(draft: EntryDraft, id: EntryId, batch: StagedBatch, kept: boolean, at: string = this.#clock.now()): void {
    const payloads = inOrder(draft.payloads)
    const text = entryText(draft, id, at, commitments(payloads, id))
    const length = Buffer.byteLength(text)
    if (length > MAX_ENTRY_BYTES) throw new RangeError(`an entry of ${length} bytes is larger than ${MAX_ENTRY_BYTES}`)
    let size = length + recordOverhead(payloads.length)
    for (const payload of payloads) size += sealedBytes(payload.content)
    if (size > this.#largest) throw new RangeError(`an entry with payloads of ${size} bytes is larger than ${this.#largest}`)

    let next = batch.reserve(size)
    const { buffer } = batch
    next = buffer.writeUInt16BE(length, next)
    next += buffer.write(text, next)
    next = buffer.writeUInt16BE(payloads.length, next)
    for (let place = 0; place < payloads.length; place++) {
      const { name, key, content } = payloads[place] as PayloadDraft
      buffer.write(key.id, next, 'hex')
      buffer.writeUInt32BE(sealedBytes(content), next + 8)
      next += PAYLOAD_HEADER_BYTES
      const where: PayloadPlace = { origin: this.#origin, id, kind: draft.kind, name, nonce: payloadNonce(id, place) }
      open(key).seal(where, content, buffer, next)
      next += sealedBytes(content)
    }
    batch.commit(next, kept)
  }

  /** In the place of an entry that will not be written: a gap with its id and its time. It is kept. @param entry as it was to be stored */
  writeGap(entry: Buffer, reason: string, batch: StagedBatch): void {
    const { id, at, kind } = parseEntry(entry)
    this.write({ kind: 'gap', fields: { reason, of: kind } }, id, batch, true, at)
  }
}

/** By name: the order of the commitments in the entry's text. */
function inOrder(payloads: readonly PayloadDraft[] = []): readonly PayloadDraft[] {
  if (payloads.length > 0xffff) throw new RangeError('an entry has too many payloads')
  let sorted = true
  for (let i = 0; i < payloads.length; i++) {
    const { name } = payloads[i] as PayloadDraft
    if (!PAYLOAD_NAME.test(name)) throw new RangeError('a payload name is not [a-z0-9.]+')
    if (i > 0 && (payloads[i - 1] as PayloadDraft).name >= name) sorted = false
  }
  if (sorted) return payloads
  const ordered = [...payloads].sort((a, b) => (a.name < b.name ? -1 : 1))
  for (let i = 1; i < ordered.length; i++) if (ordered[i]?.name === ordered[i - 1]?.name) throw new RangeError('two payloads have one name')
  return ordered
}

/** As canonical text: names are `[a-z0-9.]+` and sorted, commitments base64url, so that nothing needs an escape. */
function commitments(payloads: readonly PayloadDraft[], id: EntryId): string | undefined {
  if (payloads.length === 0) return undefined
  let out = ''
  for (const { name, key, content } of payloads) out += `,"${name}":"${open(key).commitment(id, name, content)}"`
  return `{${out.slice(1)}}`
}

function open(key: PayloadDraft['key']): OpenPayloadKey {
  if (!(key instanceof OpenPayloadKey)) throw new RangeError('a payload key was not made by this trail')
  return key
}
