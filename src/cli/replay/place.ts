/** A place in a replay: seconds since its beginning, or an operation. */
export type Place = { readonly seconds: number } | { readonly operation: number }

/** `90`, `90s`, `2m`, `1m30s`, `1:30`, `1:01:30.5`, `#12`; undefined where it is none. */
export function placeOf(text: string): Place | undefined {
  const operation = /^#(\d{1,15})$/.exec(text)?.[1]
  if (operation !== undefined) return { operation: Number(operation) }
  const clock = /^(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:\.\d{1,3})?)$/.exec(text)
  if (clock) return { seconds: Number(clock[1] ?? 0) * 3600 + Number(clock[2]) * 60 + Number(clock[3]) }
  const [whole, hours = 0, minutes = 0, seconds = 0] = /^(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,7}(?:\.\d{1,3})?)s?)?$/.exec(text) ?? []
  return whole ? { seconds: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) } : undefined
}
