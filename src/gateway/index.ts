export { openGateway, type StandingGateway } from './open-gateway.ts'
export { type Replaced, replaceCompromisedLog } from './replace-log.ts'
export { type Rotated, rotateGatewayKey } from './rotate-master-key.ts'
export { type RunningGateway, type StartOptions, startGateway } from './start-gateway.ts'
