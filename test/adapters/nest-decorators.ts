// Decorators of Nest without their syntax, which needs a compiler option that we do not set.

type AnyDecorator = (target: never, name: never, descriptor: never) => unknown
export type Class = abstract new (...args: never[]) => unknown

/** Decorates as TypeScript does, from the last decorator to the first. */
export function decorate(
  target: Class,
  decorators: readonly unknown[],
  methods: Readonly<Record<string, readonly unknown[]>> = {},
): void {
  for (const [name, own] of Object.entries(methods)) {
    const descriptor = Object.getOwnPropertyDescriptor(target.prototype, name) ?? {}
    for (const one of own.toReversed())
      (one as AnyDecorator)(target.prototype as never, name as never, descriptor as never)
    Object.defineProperty(target.prototype, name, descriptor)
  }
  for (const one of decorators.toReversed())
    (one as AnyDecorator)(target as never, undefined as never, undefined as never)
}

/** The decorator of the first parameter. */
export const first = (decorator: unknown) => (target: never, name: never) =>
  (decorator as (target: never, name: never, index: number) => void)(target, name, 0)
