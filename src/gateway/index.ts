export { openGateway, type StandingGateway } from './open-gateway.ts'
export { type RunningGateway, type StartOptions, startGateway } from './start-gateway.ts'
