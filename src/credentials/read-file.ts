import { isUtf8 } from 'node:buffer'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { CredentialsError } from './errors.ts'

/**
 * Reads a referenced file, which may be a link, as Kubernetes mounts secrets.
 *
 * @param limit bytes
 * @param secret refuse a file that group or others may read or write
 * @returns the content without one newline at its end
 * @throws CredentialsError GS_SECRET_UNREADABLE, GS_SECRET_EXPOSED, GS_SECRET_TOO_LARGE
 */
export async function readReferencedFile(path: string, limit: number, secret: boolean): Promise<string> {
  // Not blocking: a pipe in its place would hold the gateway up for ever. The handle is judged, not the path: it cannot be swapped in between.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error.code ?? 'unknown reason')
  })
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw unreadable(path, 'not a file')
    if (secret && (found.mode & 0o066) !== 0) {
      throw new CredentialsError(
        'GS_SECRET_EXPOSED',
        `Others on this machine can read or write file:${path} (mode ${(found.mode & 0o777).toString(8)}).`,
      )
    }
    // One byte more than allowed tells that it is more, even where the file grows while it is read.
    const buffer = Buffer.alloc(limit + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length).catch((error: NodeJS.ErrnoException) => {
        throw unreadable(path, error.code ?? 'unknown reason')
      })
      length += bytesRead
      if (bytesRead === 0 || length > limit) break
    }
    if (length > limit) throw new CredentialsError('GS_SECRET_TOO_LARGE', `file:${path} is larger than ${limit} bytes.`)
    // Decoded all the same, it would be another secret.
    if (!isUtf8(buffer.subarray(0, length))) throw unreadable(path, 'not UTF-8')
    const text = buffer.toString('utf8', 0, length)
    buffer.fill(0)
    return withoutNewline(text)
  } finally {
    await handle.close()
  }
}

/** Editors and `echo` end a file with a newline that is no part of a secret; exactly one is taken away. */
export const withoutNewline = (text: string): string => text.replace(/\r?\n$/, '')

const unreadable = (path: string, why: string) => new CredentialsError('GS_SECRET_UNREADABLE', `file:${path} cannot be read (${why}).`)
