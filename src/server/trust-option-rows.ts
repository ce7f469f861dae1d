/** The options of the trust kit, of the server and of `stele trust export` alike. */

import { SIGNING_APIS } from '../trust/log-anchor.js';
import type { OptionRow } from './option-row.js';

/** Part of the table in options.ts. */
export const TRUST_OPTIONS = [
  {
    name: 'public-url',
    kind: 'text',
    default: undefined,
    meaning:
      'URL under which clients reach the log; unset: https:// and the host name, for localhost http:// and the port',
  },
  {
    name: 'trust-operator',
    kind: 'text',
    default: undefined,
    meaning:
      'who operates the log, as a host name: clients count logs of one operator once; unset: the host name of the log',
  },
  {
    name: 'trust-apis',
    kind: 'list',
    default: SIGNING_APIS,
    choices: SIGNING_APIS,
    meaning: 'APIs that the signing config offers; clients take the highest that they know',
  },
  {
    name: 'trust-fulcio',
    kind: 'texts',
    default: [],
    meaning:
      'certificate authority: `url=URL,certificate-chain=FILE[,start-time=T][,end-time=T][,operator=NAME]`',
  },
  {
    name: 'trust-ctfe',
    kind: 'texts',
    default: [],
    meaning:
      'log of certificates: `url=URL,public-key=FILE[,start-time=T][,end-time=T][,operator=NAME]`',
  },
  {
    name: 'trust-tsa',
    kind: 'texts',
    default: [],
    meaning:
      'timestamp authority: `url=URL,certificate-chain=FILE[,start-time=T][,end-time=T][,operator=NAME]`',
  },
  {
    name: 'trust-oidc',
    kind: 'texts',
    default: [],
    meaning: 'OpenID Connect provider: `url=URL[,start-time=T][,end-time=T][,operator=NAME]`',
  },
  {
    name: 'trust-rekor',
    kind: 'texts',
    default: [],
    meaning:
      'another log that stays trusted, such as the one before this: `url=https://NAME,public-key=FILE[,start-time=T][,end-time=T][,operator=NAME]`',
  },
] as const satisfies readonly OptionRow[];
