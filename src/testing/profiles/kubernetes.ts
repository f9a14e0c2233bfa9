// Kubernetes: the projected token of a service account. Its header has no `typ`.
import { checkOptions, checkString } from '../../internal/options.ts'
import { bareHeader, type IssuerProfile, openIdProfile } from '../profile.ts'

export interface KubernetesProfileOptions {
  /** The audience of the pod's projected volume. */
  readonly audience: string
  /** The cluster's. Default `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer?: string
}

/** A cluster, for the service account `web` of the namespace `shop`. `idToken()` is the token for the cluster's own API. */
export function kubernetesLike(options: KubernetesProfileOptions): IssuerProfile {
  checkOptions('kubernetesLike()', arguments, ['audience', 'issuer'])
  const { audience, issuer = 'https://kubernetes.default.svc.cluster.local' } = options
  checkString('audience', audience)
  const account = {
    sub: 'system:serviceaccount:shop:web',
    'kubernetes.io': {
      namespace: 'shop',
      node: { name: 'node-1', uid: '646e7c5e-0000-4000-8000-000000000001' },
      pod: { name: 'web-5d4f', uid: '5eb21023-0000-4000-8000-000000000002' },
      serviceaccount: { name: 'web', uid: 'a087d5a0-0000-4000-8000-000000000003' },
    },
  }
  return openIdProfile({
    name: 'kubernetes',
    jwksUri: `${issuer}/openid/v1/jwks`,
    issuer,
    audience,
    tokens: {
      application: {
        header: bareHeader,
        claims: ({ nowSeconds, tokenId }) => ({ aud: [audience], nbf: nowSeconds, jti: tokenId, ...account }),
      },
      id: {
        header: bareHeader,
        claims: ({ nowSeconds, tokenId }) => ({ aud: [issuer], nbf: nowSeconds, jti: tokenId, ...account }),
      },
    },
    at: (origin) => kubernetesLike({ ...options, issuer: origin }),
  })
}
