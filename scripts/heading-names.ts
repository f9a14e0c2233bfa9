/** The name that GitHub gives to a heading: small letters, hyphens for blanks, no punctuation. The site uses the same names. */
export function nameOfHeading(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}
