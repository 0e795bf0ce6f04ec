import { door } from '../credentials/index.ts'

export const planted = door
