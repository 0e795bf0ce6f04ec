export const door = 'store'
export type Door = typeof door
