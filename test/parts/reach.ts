import { connect } from 'node:net'

/** What becomes of a TCP connection from where this process is. @param patience ms. @returns `connected`, the error's code, or `ETIMEDOUT` */
export function reach(address: string, port: number, patience: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const end = (word: string) => {
      clearTimeout(late)
      socket.destroy()
      resolve(word)
    }
    const late = setTimeout(() => end('ETIMEDOUT'), patience)
    socket.once('connect', () => end('connected'))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}

if (import.meta.main) {
  const [address = '', port, patience] = process.argv.slice(2)
  process.stdout.write(`${await reach(address, Number(port), Number(patience))}\n`)
}
