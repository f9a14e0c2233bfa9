// The seam of `claimcheck explain`: the checks of a token by their names, which may be wrapped to see them run.

/**
 * Returns `checks`, or functions in their place that call them. It is asked when a verifier is made, with the checks in the order in
 * which they run.
 */
export type Watch = <T extends object>(checks: T) => T

/** Returns the checks themselves: a token that is not explained pays for nothing. */
export const unwatched: Watch = (checks) => checks
