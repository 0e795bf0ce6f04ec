const BLOCK = 512
/** Eleven octal digits. */
export const MAX_MEMBER = 8 ** 11 - 1

export interface Member {
  /** At most 100 printable ASCII characters. */
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Seconds since the epoch. */
  readonly mtime: number
}

/** POSIX.1-2017 pax, "ustar Interchange Format": a plain file of nobody, mode 0600. @throws RangeError where the fields do not hold it */
export function memberHeader({ name, size, mtime }: Member): Buffer {
  if (!/^[!-~]{1,100}$/.test(name) || size > MAX_MEMBER) throw new RangeError('a member of an archive has a longer name or size than fits')
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0, 'latin1')
  header.write('0000600\0', 100, 'latin1')
  header.write('0000000\x000000000\0', 108, 'latin1')
  header.write(`${octal(size, 11)}\0${octal(Math.max(0, mtime), 11)}\0`, 124, 'latin1')
  // The sum counts its own field as spaces.
  header.write('        0', 148, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)}\0 `, 148, 'latin1')
  return header
}

/** What fills up a member's last block. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)
}

/** Two blocks of zeros. */
export const ARCHIVE_END = Buffer.alloc(2 * BLOCK)

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}
