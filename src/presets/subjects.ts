// Who the subject of a token is, for the descriptions of STSs: the rules that several of them share.
import { type Principal, principalKey } from '../principal/principal.ts'
import type { Caller, Subject } from './description.ts'
import { readSubject, saysLogin } from './preset-claims.ts'

/** Subjects of one kind, whose `sub` is unique at the issuer. */
export function subjects(
  kind: Principal['kind'] | ((caller: Caller) => Principal['kind']),
): (caller: Caller) => Subject {
  return (caller) => {
    const { issuer, sub } = caller
    return { kind: typeof kind === 'function' ? kind(caller) : kind, key: principalKey(issuer, sub), subject: sub }
  }
}

/** Subjects that look alike. A list of all service accounts, even an empty one, tells; without it every kind is `unknown`. */
export function subjectsBut(serviceAccounts: readonly string[] | undefined): (caller: Caller) => Subject {
  return subjects(({ sub }) =>
    serviceAccounts === undefined ? 'unknown' : serviceAccounts.includes(sub) ? 'application' : 'user',
  )
}

/** A client is the subject of its own tokens (RFC 9068 §2.2). Every other subject is of kind `other`. */
export function subjectsOrClient(other: Principal['kind']): (caller: Caller) => Subject {
  return ({ issuer, claims, sub, client }) =>
    readSubject(issuer, { sub, client, hasLoggedIn: saysLogin(claims), other })
}

/** A workload by the ids that no other one can take over. */
export function workload(issuer: string, ...ids: readonly string[]): Subject {
  return { kind: 'application', key: principalKey(issuer, ...ids), subject: ids.at(-1) ?? '', traits: ['workload'] }
}
