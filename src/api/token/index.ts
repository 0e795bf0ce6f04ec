export { type ExchangeOutcome, TokenDoorClient } from './client.ts'
export { type TokenDoor, type TokenDoorOptions, tokenDoor } from './door.ts'
export { TokenDoorError, tokenDoorErrors } from './errors.ts'
export type { ExchangeAnswer, RunAnswer } from './schemas.ts'
