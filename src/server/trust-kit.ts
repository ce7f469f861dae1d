/** The trust kit of a server: options and files read before the log is opened, documents made when its port is known. */

import { readFileSync } from 'node:fs';
import { nameAdvice } from '../trust/advice.js';
import { type TrustDocuments, trustDocuments } from '../trust/documents.js';
import {
  type LogFacts,
  logAnchor,
  publicUrlOf,
  readTrustMaterial,
  type TrustOptions,
  withOwnAuthority,
} from './trust-options.js';

/** A server's trust kit. */
export interface TrustKit {
  /** Sentences for the operator, about what was given. */
  readonly warnings: readonly string[];
  /** Returns the documents: those of the first call ever after. */
  documents(facts: LogFacts): TrustDocuments;
}

/** Returns the kit of the log with this name. Throws CONFIG_INVALID, naming option and file. */
export function openTrustKit(options: TrustOptions, hostname: string): TrustKit {
  const material = readTrustMaterial(options, hostname, (path) => readFileSync(path, 'utf8'));
  const publicUrl = publicUrlOf(options, { hostname, port: 0 });
  let documents: TrustDocuments | undefined;
  return {
    warnings: options.publicUrl === undefined ? [] : nameAdvice({ hostname, publicUrl }),
    documents(facts) {
      if (documents === undefined) {
        const log = logAnchor(options, facts);
        documents = trustDocuments(log, withOwnAuthority(material, log, facts.timestampChain));
      }
      return documents;
    },
  };
}
