import { addressKey, loginThrottle } from '../identity/index.ts'
import type { HttpsDoor } from '../protocols/http/index.ts'
import type { HttpRooms } from './http-rooms.ts'
import { OTLP } from './http-surface.ts'
import type { GatewayLog } from './log.ts'
import { readMaskKey } from './mask-key.ts'
import type { Rooms } from './rooms.ts'
import { rowAnalyzer } from './row-analyzer.ts'

/** The https door with every plane behind it, not listening yet. */
export async function httpsDoor(
  { credentials, inForce, records, references, spans, tls, toolPins }: Rooms,
  { guard }: HttpRooms,
  log: GatewayLog,
): Promise<HttpsDoor> {
  // Loaded where there is such a door only.
  const [{ createHttpsDoor, createPlainPlane }, { createKubernetesPlane }, { createModelPlane }, { createMcpPlane, openMetadata }] =
    await Promise.all([
      import('../protocols/http/index.ts'),
      import('../protocols/kubernetes/index.ts'),
      import('../protocols/model/index.ts'),
      import('../protocols/mcp/index.ts'),
    ])
  const { createOtlpEndpoint } = await import('../protocols/otlp/index.ts')
  const spanEndpoint = { endpoint: createOtlpEndpoint(spans), prefix: OTLP }
  const own = new Set(tls.names.map((name) => name.toLowerCase()))
  const tokenDoor = () => {
    const { host, port } = inForce.config.gateway.listen.token
    return `https://${tls.names[0] ?? host}${port === 443 ? '' : `:${port}`}`
  }
  const maskKey = () => readMaskKey(inForce.config, references)
  return createHttpsDoor({
    tls: tls.options(),
    authenticators: {
      kubernetes: credentials.bearer('kubernetes'),
      http: credentials.bearer('http'),
      model: credentials.bearer('model'),
      mcp: credentials.bearer('mcp'),
    },
    throttle: loginThrottle(),
    peerOf: addressKey,
    route: (named) => inForce.taken.resources.route(named, own),
    openly: (asked) => openMetadata(asked, [tokenDoor()]),
    own: ({ host, path }) => (own.has(host) && path.startsWith(`${OTLP}/`) ? spanEndpoint : undefined),
    guard,
    planes: {
      kubernetes: createKubernetesPlane({ maskKey }),
      http: createPlainPlane({ maskKey }),
      mcp: createMcpPlane({ pins: toolPins, maskKey }),
      model: createModelPlane({ maskKey, analyzer: rowAnalyzer(() => inForce.config) }),
    },
    log,
    onRefused: ({ code, address }) => records.signinRefused('https', code, address),
    onForeignCredential: (address) => records.foreignCredential('https', address),
  })
}
