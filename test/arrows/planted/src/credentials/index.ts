export const door = 'credentials'
export type Door = typeof door
