/** Bytes (apimachinery, FieldManagerMaxLength). */
const LONGEST = 128

/**
 * Who is said to own the fields that a write sets: as the query says, else what stands before the first slash of User-Agent
 * (endpoints/handlers/create.go).
 */
export function fieldManagerOf(named: string | undefined, userAgent: string | undefined): string {
  if (named !== undefined && named !== '') return named
  let manager = ''
  for (const character of (userAgent ?? '').split('/')[0] as string) {
    if (!isPrintable(character)) continue
    if (Buffer.byteLength(manager + character) > LONGEST) break
    manager += character
  }
  return manager
}

/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and of spaces the ASCII one. */
function isPrintable(character: string): boolean {
  return character === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character)
}
