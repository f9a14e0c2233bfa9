// One policy about many resources: in one go where its engine can, else one after the other.
import { type Decision, indeterminate } from './decision.ts'
import { evaluate, type Policy, type PolicyQuery } from './policy.ts'

// A list of a thousand must not open a thousand connections to a policy decision point.
const atOnce = 16

/** One decision for each of `resources`, in their order. Never rejects. */
export async function authorizeAll<A, R>(
  policy: Policy<A, R>,
  auth: A,
  resources: readonly R[],
): Promise<readonly Decision[]> {
  const queries = resources.map((resource) => ({ auth, resource }))
  if (policy.evaluateAll && queries.length > 0) return askInOneGo(policy, queries)
  const decisions: Decision[] = []
  for (let from = 0; from < queries.length; from += atOnce) {
    const asked = queries.slice(from, from + atOnce).map(async (query) => evaluate(policy, query))
    decisions.push(...(await Promise.all(asked)))
  }
  return decisions
}

async function askInOneGo<A, R>(
  policy: Policy<A, R>,
  queries: readonly PolicyQuery<A, R>[],
): Promise<readonly Decision[]> {
  const answers = await settled(policy, queries)
  // Fewer or more answers than questions: nobody can tell which belongs to which.
  const list: readonly unknown[] = Array.isArray(answers) && answers.length === queries.length ? answers : []
  // Each answer passes through the same check as if it had been asked alone.
  return Promise.all(
    queries.map(async (query, index) =>
      evaluate({ id: policy.id, mayVeto: policy.mayVeto === true, evaluate: () => list[index] as Decision }, query),
    ),
  )
}

async function settled<A, R>(policy: Policy<A, R>, queries: readonly PolicyQuery<A, R>[]): Promise<unknown> {
  try {
    return await policy.evaluateAll?.(queries)
  } catch (cause) {
    return queries.map(() => indeterminate(cause))
  }
}
