// The same policies in front of an API in any language: routes of a gateway name them. nginx asks it, and so does API Gateway of AWS.
import type { ResourceServer } from 'claimcheck'
import { anonymous, createGateway, type Gateway } from 'claimcheck/gateway'
import { account, closeUser, createOrder, listOrders, readUser } from './policies.ts'

export function createOrdersGateway(resourceServer: ResourceServer): Gateway {
  return createGateway({
    api: resourceServer,
    routes: {
      'GET /health': anonymous,
      'GET /orders': listOrders,
      'POST /orders': createOrder,
      'GET /account': account,
      'GET /users/{user}': readUser,
      'DELETE /users/{user}': closeUser,
    },
  })
}
