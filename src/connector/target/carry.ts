import type { Duplex } from 'node:stream'

/** What may wait to be written before its source is told to wait, bytes: more than one read, so that a source that is taken from steadily is not stopped for each. */
const MOST_WAITING = 256 * 1024
/** What is smaller is a message by itself rather than part of many bytes; it waits for nothing. */
const LARGE = 4 * 1024

/**
 * Carries both ways between a stream and its target, an end as an end. What is unread at one side is soon not read at the other either: that is what a
 * stream's own window is for.
 */
export function carry(stream: Duplex, socket: Duplex): void {
  toTarget(stream, socket)
  fromTarget(socket, stream)
}

/**
 * HTTP/2 hands over what a frame and a TLS record have in common, often only a few bytes. Where there is much, what comes in one turn of the event loop
 * goes to the target in one call of the system.
 */
function toTarget(stream: Duplex, socket: Duplex): void {
  let gathering = false
  const send = () => {
    gathering = false
    socket.uncork()
  }
  stream.on('data', (piece: Buffer) => {
    if (!gathering && piece.length >= LARGE) {
      gathering = true
      socket.cork()
      setImmediate(send)
    }
    socket.write(piece)
    if (socket.writableLength >= MOST_WAITING) stream.pause()
  })
  // Comes where more waited than the socket's own mark, which is lower.
  socket.on('drain', () => stream.resume())
  stream.once('end', () => socket.end())
}

function fromTarget(socket: Duplex, stream: Duplex): void {
  socket.on('data', (chunk: Buffer) => {
    // A stream that was broken off has ended before it closes.
    if (!stream.writable) return
    stream.write(chunk)
    if (stream.writableLength >= MOST_WAITING) socket.pause()
  })
  stream.on('drain', () => socket.resume())
  socket.once('end', () => stream.end())
}
