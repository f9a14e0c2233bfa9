// The same policies as a Lambda authorizer. A deployed one is a line: `export const handler = createLambdaAuthorizer(…)`. Here a function stands
// for API Gateway: it makes the event of a REST API, and reads the answer.
import type { Gateway } from 'claimcheck/gateway'
import { createLambdaAuthorizer, type LambdaPolicyAnswer } from 'claimcheck/gateway/lambda'

const stage = 'arn:aws:execute-api:eu-central-1:123456789012:abcdef123/live'

/** Gives the status of a decision: a Deny tells it in its context, where a gateway response finds it. */
export function createApiGateway(gateway: Gateway): (method: string, path: string, headers: object) => Promise<number> {
  const handler = createLambdaAuthorizer(gateway, { answer: 'iam' })
  return async (method, path, headers) => {
    const event = {
      type: 'REQUEST',
      methodArn: `${stage}/${method}${path}`,
      httpMethod: method,
      path,
      headers,
      multiValueHeaders: null,
      queryStringParameters: null,
      requestContext: { domainName: 'api.example.com', identity: { sourceIp: '127.0.0.1' } },
    }
    try {
      return statusOf(await handler(event))
    } catch (error) {
      return (error as Error).message === 'Unauthorized' ? 401 : 503
    }
  }
}

function statusOf({ policyDocument, context }: LambdaPolicyAnswer): number {
  return policyDocument.Statement[0]?.Effect === 'Allow' ? 200 : Number(context.status)
}
