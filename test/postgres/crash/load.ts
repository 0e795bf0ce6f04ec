import { Client } from 'pg'

type Settings = ConstructorParameters<typeof Client>[0]

/** Clients that each send one statement after the other, none twice, over the simple and the extended protocol. */
export interface Load {
  /** Statements that were sent and not answered yet. */
  inFlight(): number
  /** The marks of those that were answered. */
  readonly answered: readonly string[]
  /** Resolves when every client has lost its connection. */
  readonly over: Promise<unknown>
}

/** @param mark begins every statement's mark: the statements of one run of a test are told from those of another by it */
export async function startLoad(clients: number, mark: string, settings: Settings): Promise<Load> {
  const answered: string[] = []
  let inFlight = 0
  const connected = await Promise.all(
    Array.from({ length: clients }, async () => {
      const client = new Client(settings)
      client.on('error', () => undefined)
      await client.connect()
      return client
    }),
  )
  const work = async (client: Client, number: number) => {
    for (let count = 0; ; count += 1) {
      const name = `${mark}-${number}-${count}`
      inFlight += 1
      try {
        await (number % 2 === 0 ? client.query(`SELECT '${name}'`) : client.query(`SELECT '${name}' AS mark, $1::int AS count`, [count]))
        answered.push(name)
      } catch {
        return
      } finally {
        inFlight -= 1
      }
    }
  }
  return { inFlight: () => inFlight, answered, over: Promise.all(connected.map(work)) }
}
