import type { ConnectorOperator, ConnectorView } from '../api/local/index.ts'
import { GatewayError } from './errors.ts'
import type { InForce } from './in-force.ts'
import type { Viewer } from './operator.ts'

export interface ConnectorOperatorParts {
  readonly inForce: InForce
}

/** Connectors as one caller may see and change them. */
export function connectorOperator({ inForce }: ConnectorOperatorParts, _who: Viewer): ConnectorOperator {
  const unmanned = (): readonly ConnectorView[] => inForce.config.connectors.map(({ name }) => ({ name, state: 'nobody', resources: [] }))
  return {
    connectors: unmanned,
    enrolConnector: async () => {
      throw new GatewayError('GS_GATEWAY_NO_CONNECTORS')
    },
    revokeConnector: async () => {
      throw new GatewayError('GS_GATEWAY_NO_CONNECTOR')
    },
  }
}
