export { LoginError, type LoginErrorCode, loginErrors } from './errors.ts'
export { createLogin } from './login.ts'
