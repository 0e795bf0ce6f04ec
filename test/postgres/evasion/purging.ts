/** The end of a function's definition that deletes what is to be kept; what it returns follows, and a quote. */
export const BODY = `LANGUAGE plpgsql AS 'BEGIN DELETE FROM shop.orders; RETURN`

/** A function of this name and these types that does. */
export const purging = (name: string, types: string, returns = 'boolean', value = 'true'): string =>
  `CREATE FUNCTION ${name}(${types}) RETURNS ${returns} ${BODY} ${value}; END'`
