export { TargetError, type TargetErrorCode } from './errors.ts'
export { createHttpLogin, type HttpLogin } from './login.ts'
