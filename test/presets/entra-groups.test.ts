// Microsoft Entra ID: groups that a token leaves out, and the resolver that finds them.
import type { EntraOptions } from 'claimcheck/issuers'
import type { EntraGroupQuery } from '../../src/presets/entra/options.ts'
import { claim, evaluate, group, not, type Policy } from 'claimcheck/policy'
import { describe, expect, it } from 'vitest'
import { appOnlyV2, createEntraVerifier, delegatedV2, entraToken, tenant } from '../support/entra.ts'
import { createKey } from '../support/tokens.ts'
import { expectInvalidToken } from '../support/verifiers.ts'

const overage = {
  ...delegatedV2,
  _claim_names: { groups: 'src1' },
  _claim_sources: { src1: { endpoint: 'https://evil.example/groups' } },
}

function createWithResolver(answer: (user: EntraGroupQuery) => unknown, options: Partial<EntraOptions> = {}) {
  const asked: unknown[] = []
  const groupResolver = (async (user: EntraGroupQuery) => {
    asked.push(user)
    return answer(user)
  }) as EntraOptions['groupResolver']
  return { ...createEntraVerifier({ ...(groupResolver && { groupResolver }), ...options }), asked }
}

describe('the resolver', () => {
  it('is asked for a user with too many groups, by tenant and object id, and its answer is complete', async () => {
    const { verifyToken, asked, requests } = createWithResolver(() => ['g1', 'g2'])
    const { principal } = await verifyToken(entraToken(overage))
    expect(principal.groups).toEqual({ values: ['g1', 'g2'], complete: true, claim: 'groups' })
    expect(Object.isFrozen(principal.groups.values)).toBe(true)
    expect(asked).toEqual([{ tenant, oid: 'a11ce000-0000-4000-8000-000000000002' }])
    expect(requests.filter((url) => url.includes('evil') || url.includes('graph'))).toEqual([])
  })

  it('is asked for a user of whose groups the token says nothing, which may be in none', async () => {
    const { verifyToken, asked } = createWithResolver(() => [])
    expect((await verifyToken(entraToken(delegatedV2))).principal.groups).toEqual({
      values: [],
      complete: true,
      claim: 'groups',
    })
    expect(asked).toEqual([{ tenant, oid: 'a11ce000-0000-4000-8000-000000000002' }])
  })

  it('is asked for a user whose token lists groups, which may not be all, and a group that is listed stays', async () => {
    const { verifyToken, asked } = createWithResolver(() => ['g1', 'g2'])
    const listed = { ...delegatedV2, groups: ['g2', 'CONTOSO\\blocked'] }
    const { principal } = await verifyToken(entraToken(listed))
    expect(principal.groups).toEqual({ values: ['g2', 'CONTOSO\\blocked', 'g1'], complete: true, claim: 'groups' })
    expect(asked).toHaveLength(1)
  })

  it('is not asked where the application says that the list is complete, unless the token says that it is not', async () => {
    const { verifyToken, asked } = createWithResolver(() => ['g1'], { groupsAreComplete: true })
    const listed = { ...delegatedV2, groups: ['g2'] }
    expect((await verifyToken(entraToken(listed))).principal.groups).toEqual({
      values: ['g2'],
      complete: true,
      claim: 'groups',
    })
    expect(asked).toEqual([])
    for (const claims of [delegatedV2, overage, { ...listed, hasgroups: true }])
      expect((await verifyToken(entraToken(claims))).principal.groups).toMatchObject({ complete: true })
    expect(asked).toHaveLength(3)
  })

  it('is not asked for applications, nor without an object id', async () => {
    const { verifyToken, asked } = createWithResolver(() => ['g1'])
    for (const claims of [
      { ...appOnlyV2, hasgroups: true },
      { ...overage, oid: undefined },
    ])
      expect((await verifyToken(entraToken(claims))).principal.groups.complete).toBe(false)
    expect(asked).toEqual([])
  })

  it('finds members that the claim does not list, and a policy about the claim keeps them out', async () => {
    const { verifyToken } = createWithResolver(() => ['blocked'])
    const effectsFor = async (claims: Parameters<typeof entraToken>[0], id: string) => {
      const auth = await verifyToken(entraToken(claims))
      const decide = async (policy: Policy<typeof auth>) =>
        (await evaluate(policy, { auth, resource: undefined })).effect
      return Promise.all([not(group(id)), not(claim('groups', id))].map(decide))
    }
    for (const claims of [overage, delegatedV2, { ...delegatedV2, groups: ['g2'] }])
      expect(await effectsFor(claims, 'blocked')).toEqual(['deny', 'indeterminate'])
    // The resolver speaks for what neither it nor the claim lists.
    expect(await effectsFor(overage, 'g9')).toEqual(['allow', 'allow'])
  })

  it('is not asked about a forged token', async () => {
    const { verifyToken, asked } = createWithResolver(() => ['g1'])
    const forged = entraToken(overage, { key: createKey('RS256', { kid: 'key-of-v2' }) })
    await expectInvalidToken(verifyToken(forged), 'signature_invalid')
    expect(asked).toEqual([])
  })

  it.each([
    ['fails', () => Promise.reject(new Error('429')), '429'],
    ['answers no list', () => ({ value: ['g1'] }), 'groupResolver did not answer with a list of group ids.'],
    ['answers other things than texts', () => ['g1', 2], 'groupResolver did not answer with a list of group ids.'],
    ['answers a list with holes', () => new Array(3), 'groupResolver did not answer with a list of group ids.'],
    ['answers an empty id', () => [''], 'groupResolver did not answer with a list of group ids.'],
    ['answers nothing', () => undefined, 'groupResolver did not answer with a list of group ids.'],
  ])('that %s leaves the groups incomplete, lets the user in, and an event tells', async (_, answer, reason) => {
    const { verifyToken, events } = createWithResolver(answer)
    const { principal } = await verifyToken(entraToken(overage))
    expect(principal.groups).toEqual({ values: [], complete: false, claim: 'groups' })
    expect(events.filter(({ type }) => type === 'principal.incomplete')).toEqual([
      { type: 'principal.incomplete', issuer: `https://login.microsoftonline.com/${tenant}/v2.0`, reason },
    ])
  })
})

it('never takes a name or an e-mail address for the subject', async () => {
  const { verifyToken } = createEntraVerifier()
  const names = { upn: 'root@x', preferred_username: 'root@x', unique_name: 'root@x', email: 'root@x', name: 'root' }
  const { principal } = await verifyToken(entraToken({ ...delegatedV2, ...names }))
  expect(JSON.stringify(principal)).not.toContain('root')
})
