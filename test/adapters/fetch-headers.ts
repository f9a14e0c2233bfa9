// The headers of a Fetch `Request` as the contract changes them: by members, of which a `Headers` has none.

/** Gives `headers` whose members are set and deleted in `request`, and that can be replaced as a whole. */
export function changeableFetch(
  request: Request,
  replace: (headers: Headers) => void,
): { headers: Record<string, unknown> } {
  const set = (headers: Headers, name: string, value: unknown): void => {
    if (value === undefined) headers.delete(name)
    else headers.set(name, value as string)
  }
  const members = new Proxy<Record<string, unknown>>(Object.fromEntries(request.headers), {
    set: (_, name, value) => (set(request.headers, String(name), value), true),
    deleteProperty: (_, name) => (request.headers.delete(String(name)), true),
  })
  return {
    get headers() {
      return members
    },
    set headers(values) {
      const headers = new Headers()
      for (const [name, value] of Object.entries(values)) set(headers, name, value)
      replace(headers)
    },
  }
}
