/** Where a value stands: names of members, `*` for an element of a list. */
export type JsonPath = readonly string[]

/** What is made of values. */
export interface StringsRewriting {
  /**
   * @param token a string with its quotes, as it is written @param name of the member that it is, if it is one
   * @returns JSON in its place; undefined: it stays
   */
  text(token: Buffer, path: JsonPath, name: string | undefined): Uint8Array | undefined
  /** Whether nothing is left of what stands there; its place takes null. */
  drops?(path: JsonPath): boolean
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a]
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d]
const NULL = Buffer.from('null')

/**
 * Rewrites the strings of a JSON text that was read already: numbers keep their digits, members their order, and everything else its bytes. Linear.
 * @returns the same object where nothing was changed
 */
export function rewriteStrings(json: Buffer, rewriting: StringsRewriting): Buffer {
  const out: Uint8Array[] = []
  /** Up to where it has gone on. */
  let from = 0
  const path: string[] = []
  const objects: boolean[] = []
  let isName = false
  for (let at = 0; at < json.length; ) {
    const byte = json[at]
    if (byte === QUOTE) {
      const end = stringEnd(json, at)
      if (isName) {
        path[path.length - 1] = nameOf(json, at, end)
        at = pastColon(json, end)
        isName = false
        if (rewriting.drops?.(path) === true) {
          const behind = valueEnd(json, at)
          out.push(json.subarray(from, at), NULL)
          from = behind
          at = behind
        }
        continue
      }
      const name = objects.at(-1) === true ? path.at(-1) : undefined
      const replaced = rewriting.text(json.subarray(at, end), path, name)
      if (replaced !== undefined) {
        out.push(json.subarray(from, at), replaced)
        from = end
      }
      at = end
      continue
    }
    if (byte === OPEN || byte === OPEN_LIST) {
      objects.push(byte === OPEN)
      path.push(byte === OPEN ? '' : '*')
      isName = byte === OPEN
    } else if (byte === CLOSE || byte === CLOSE_LIST) {
      objects.pop()
      path.pop()
      isName = false
    } else if (byte === COMMA) isName = objects.at(-1) === true
    at++
  }
  if (from === 0) return json
  out.push(json.subarray(from))
  return Buffer.concat(out)
}

/** One past its last quote; the end of the text where it has none. */
function stringEnd(json: Buffer, start: number): number {
  for (let from = start + 1; ; ) {
    const quote = json.indexOf(QUOTE, from)
    if (quote === -1) return json.length
    let slashes = quote
    while (slashes > from && json[slashes - 1] === BACKSLASH) slashes--
    from = quote + 1
    if ((quote - slashes) % 2 === 0) return from
  }
}

function nameOf(json: Buffer, start: number, end: number): string {
  const raw = json.toString('utf8', start + 1, end - 1)
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
}

/** Where the value of a member begins. */
function pastColon(json: Buffer, from: number): number {
  let at = from
  while (at < json.length && (json[at] === COLON || isSpace(json[at]))) at++
  return at
}

function valueEnd(json: Buffer, start: number): number {
  let depth = 0
  for (let at = start; at < json.length; ) {
    const byte = json[at]
    if (byte === QUOTE) {
      at = stringEnd(json, at)
      if (depth === 0) return at
      continue
    }
    if (depth === 0 && (byte === COMMA || byte === CLOSE || byte === CLOSE_LIST || isSpace(byte))) return at
    at++
    if (byte === OPEN || byte === OPEN_LIST) depth++
    else if ((byte === CLOSE || byte === CLOSE_LIST) && --depth === 0) return at
  }
  return json.length
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
