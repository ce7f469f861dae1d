/** What a stored leaf says, for whoever looks for something in it: the shape alone. describe-leaf.ts reads it. */

import type { SearchTerm } from './entry-kind.js';
import type { StoredSigner } from './stored-signer.js';

/** What a leaf says. */
export interface DescribedLeaf {
  readonly kind: string;
  readonly apiVersion: string;
  /** Digests, packages and names of what was signed. */
  readonly terms: readonly SearchTerm[];
  /** Everybody who signed. */
  readonly signers: readonly StoredSigner[];
}
