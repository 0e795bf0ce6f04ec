export type { AccountAnswer } from './account-answer.ts'
// The launcher's side is client.ts, which stands apart: a gateway that starts need not load its HTTP client.
export { type TokenDoor, type TokenDoorOptions, tokenDoor } from './door.ts'
export { TokenDoorError, tokenDoorErrors } from './errors.ts'
export { exchangeAnswerOf, type PlanesSurface } from './exchange-route.ts'
export type { ExchangeAnswer, RunAnswer } from './schemas.ts'
