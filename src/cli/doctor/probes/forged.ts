// What probes say that is not true. None of it names anything that exists.
export const forged = {
  target: '/claimcheck-doctor-forged',
  host: 'forged.invalid',
  identity: 'claimcheck-doctor-forged',
} as const
