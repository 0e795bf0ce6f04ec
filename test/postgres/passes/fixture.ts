/** What a real driver sends in one pass of its own: connecting, resetting a pooled connection, looking at the catalog. */
export interface Fixture {
  readonly pass: string
  /** `asyncpg 0.32.0`: who sent it. */
  readonly driver: string
  /** The server that it was recorded with. */
  readonly server: string
  readonly connections: readonly FixtureConnection[]
}

export interface FixtureConnection {
  /** Settings of the start-up packet, but for user and database. */
  readonly settings: Readonly<Record<string, string>>
  /** Protocol version of the start-up packet: `3.0`. */
  readonly protocol: string
  /** After the log-in, in turns. */
  readonly turns: readonly FixtureTurn[]
}

export interface FixtureTurn {
  /** Messages as they went over the wire, one character per byte. */
  readonly send: readonly string[]
  /** How many messages the server answered before the client went on. */
  readonly answers: number
}
