import { door } from '../mysql/index.ts'

export const planted = door
