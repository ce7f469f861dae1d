/** JSON as a tree that can be damaged: members keep their order and may have one name twice. */

/** A value; a scalar is its JSON text. */
export type JsonTree = string | JsonArray | JsonObject;

export interface JsonArray {
  readonly items: JsonTree[];
}

export interface JsonObject {
  readonly members: { name: string; value: JsonTree }[];
}

/** A place in a tree: the container and the position in it. */
export interface Place {
  readonly parent: JsonArray | JsonObject;
  readonly at: number;
  /** Names and positions on the way, for finding the same place in another tree. */
  readonly path: string;
}

export function treeOf(value: unknown): JsonTree {
  if (Array.isArray(value)) return { items: value.map(treeOf) };
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return {
    members: Object.entries(value).map(([name, inner]) => ({ name, value: treeOf(inner) })),
  };
}

export function textOf(tree: JsonTree): string {
  if (typeof tree === 'string') return tree;
  if ('items' in tree) return `[${tree.items.map(textOf).join(',')}]`;
  const members = tree.members.map(({ name, value }) => `${JSON.stringify(name)}:${textOf(value)}`);
  return `{${members.join(',')}}`;
}

export function copyOf(tree: JsonTree): JsonTree {
  if (typeof tree === 'string') return tree;
  if ('items' in tree) return { items: tree.items.map(copyOf) };
  return { members: tree.members.map(({ name, value }) => ({ name, value: copyOf(value) })) };
}

/** Returns every place below `tree`, parents first. */
export function placesOf(tree: JsonTree, path = ''): Place[] {
  if (typeof tree === 'string') return [];
  return childrenOf(tree).flatMap(([name, child], at) => {
    const place = { parent: tree, at, path: `${path}/${name}` };
    return [place, ...placesOf(child, place.path)];
  });
}

export function valueAt({ parent, at }: Place): JsonTree {
  return 'items' in parent
    ? (parent.items[at] as JsonTree)
    : (parent.members[at] as { value: JsonTree }).value;
}

export function setValueAt({ parent, at }: Place, value: JsonTree): void {
  if ('items' in parent) parent.items[at] = value;
  else (parent.members[at] as { value: JsonTree }).value = value;
}

function childrenOf(tree: JsonArray | JsonObject): [string, JsonTree][] {
  if ('items' in tree) return tree.items.map((item) => ['#', item]);
  return tree.members.map(({ name, value }) => [name, value]);
}
