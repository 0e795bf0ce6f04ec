import { connect } from 'node:net'

/** Says something to a port of 127.0.0.1, ends, and returns all that is said back. @throws where the connection fails */
export function exchanged(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const heard: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.once('error', reject)
    socket.on('data', (piece: Buffer) => heard.push(piece))
    socket.once('end', () => {
      socket.end()
      resolve(Buffer.concat(heard).toString())
    })
    socket.end(text)
  })
}
