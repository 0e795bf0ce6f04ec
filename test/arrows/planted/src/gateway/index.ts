export const door = 'gateway'
export type Door = typeof door
