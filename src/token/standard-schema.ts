// The part of the Standard Schema 1.1 interface that claimcheck uses (zod, valibot, arktype and others implement it).

/** A validator of any library that implements Standard Schema. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Names the members that a schema did not like; its messages may quote values, so they are left out. */
export function pathsOf(issues: readonly SchemaIssue[]): readonly string[] {
  return issues.map(({ path = [] }) => path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.'))
}
