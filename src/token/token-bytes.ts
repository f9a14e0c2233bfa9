// How long a token may be. SECURITY.md says what one of 16 KiB and one of 64 KiB may cost.

/** The option `maxTokenBytes`: its default and its bounds. */
export const tokenBytes = { min: 256, default: 16_384, max: 65_536 } as const
