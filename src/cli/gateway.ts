/** What the commands need of `gateway/`. */
export type GatewayRoom = Pick<typeof import('../gateway/index.ts'), 'startGateway' | 'openGateway' | 'openRehearsal' | 'judgeCase'>

/** Imported only by the commands that need it, so that `--help` is not slower for it. */
export function gatewayRoom(): Promise<GatewayRoom> {
  return import('../gateway/index.ts')
}
