import { door } from '../../identity/index.ts'

export const planted = door
