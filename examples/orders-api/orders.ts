// The orders of the shop, in memory. Knows nothing of who may do what.

export interface LineItem {
  readonly sku: string
  readonly quantity: number
  readonly unitCents: number
}

export interface Order {
  readonly id: string
  /** `principal.key` of who placed it. */
  readonly ownerKey: string
  readonly status: 'open' | 'paid' | 'refunded'
  /** A court or the tax office is looking at it. */
  readonly onHold: boolean
  readonly items: readonly LineItem[]
}

export interface Orders {
  all(): readonly Order[]
  find(id: string): Order | undefined
  save(order: Order): Order
}

export function totalCents({ items }: Pick<Order, 'items'>): number {
  return items.reduce((sum, { quantity, unitCents }) => sum + quantity * unitCents, 0)
}

export function createOrders(first: readonly Order[]): Orders {
  const orders = new Map(first.map((order) => [order.id, order]))
  return {
    all: () => [...orders.values()],
    find: (id) => orders.get(id),
    save(order) {
      orders.set(order.id, order)
      return order
    },
  }
}
