export { LoginError, type LoginErrorCode, loginErrors } from './errors.ts'
export { login } from './login.ts'
