const units = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const

/** @param text `512KiB`, `1MiB`, `2GiB`, or a number of bytes; already matched by the schema. @returns bytes */
export function bytes(text: string | number): number {
  if (typeof text === 'number') return text
  const unit = text.replace(/^[0-9]+/, '') as keyof typeof units
  return Number.parseInt(text, 10) * units[unit]
}
