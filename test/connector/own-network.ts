import { readlinkSync } from 'node:fs'
import { hasOwnNetwork, NETWORKS, networksHere } from '../parts/network.ts'
import { reach } from '../parts/reach.ts'
import { needs } from '../parts/require.ts'

/** Whether this process can be on a network beside the connector's: it is started by test/parts/in-own-network.sh. */
export function isOnOwnNetwork(): boolean {
  return networksHere() && hasOwnNetwork()
}

/** Skips a test where there are no networks, or says that it is started otherwise. */
export function needsOwnNetwork(test: Parameters<typeof needs>[0]): void {
  needs(test, networksHere(), NETWORKS)
  needs(test, hasOwnNetwork(), 'a network of its own (test/parts/in-own-network.sh starts vitest in one)')
}

/**
 * That a process is where this one is, from where nothing leads to a target: neither its address nor its name.
 *
 * @param pid the gateway
 * @param places of targets, each with the port that it listens on
 * @throws where it could open a connection by itself
 */
export async function expectUnreachable(pid: number, places: readonly (readonly [address: string, port: number])[]): Promise<void> {
  if (readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net')) throw new Error(`${pid} is in another network`)
  for (const [address, port] of places) {
    const became = await reach(address, port, 1_500)
    // What hangs until the end of our patience might have come through later.
    if (!['ENETUNREACH', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN'].includes(became)) {
      throw new Error(`a connection from the gateway to ${address}:${port}: ${became}`)
    }
  }
}
