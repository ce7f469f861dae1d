/** Entry IDs: the tree ID and the leaf hash, 80 hex digits. */

/** Returns the first part of an entry ID: the tree ID as 16 hex digits. */
export function treeHexOf(treeID: bigint): string {
  return treeID.toString(16).padStart(16, '0');
}

/** Returns the entry ID of a leaf hash in a tree. */
export function entryIDOf(treeHex: string, leafHash: Uint8Array): string {
  const { buffer, byteOffset, length } = leafHash;
  return treeHex + Buffer.from(buffer, byteOffset, length).toString('hex');
}
