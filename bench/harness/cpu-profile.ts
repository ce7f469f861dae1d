/**
 * What a thread did with its time, from the profile that V8 writes (`node --cpu-prof`).
 *
 * In scope: a window of a profile as a tree of calls with times, and sums by function and by room of the project. Out of
 * scope: drawing (flame-graph.ts). Pure. Time without work is left out everywhere.
 */

/** A profile as V8 writes it; times are in microseconds of the system's monotonic clock. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; lineNumber: number };
  readonly children?: readonly number[];
}

/** A function as it was called from where it was called. */
export interface Call {
  readonly name: string;
  /** Which part of the project, of Node or of its packages. */
  readonly room: string;
  /** Microseconds in it and in what it called. */
  readonly total: number;
  /** Microseconds in itself. */
  readonly self: number;
  /** Those it called, the longest first. */
  readonly calls: readonly Call[];
}

/** A sum over a whole tree. */
export interface Share {
  readonly name: string;
  readonly room: string;
  /** Part of all the time that was worked, 0 to 1. */
  readonly share: number;
}

const IDLE = '(idle)';

/** Returns what was called between two moments; the root is the thread. */
export function callsBetween(profile: CpuProfile, from: number, to: number): Call {
  const selfTimes = new Map<number, number>();
  let at = profile.startTime;
  for (const [n, delta] of profile.timeDeltas.entries()) {
    at += delta;
    const id = profile.samples[n];
    // A delta is the time since the sample before, which this sample's function is taken to have filled.
    if (id === undefined || at < from || at > to) continue;
    selfTimes.set(id, (selfTimes.get(id) ?? 0) + Math.max(0, delta));
  }
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const [root] = profile.nodes;
  if (root === undefined) return { name: '', room: '', total: 0, self: 0, calls: [] };
  return callOf([root], nodes, selfTimes);
}

/** Returns the functions with the most time of their own. */
export function topFunctions(root: Call, count: number): Share[] {
  return sharesBy(root, ({ name, room }) => `${room}\n${name}`).slice(0, count);
}

/** Returns the rooms with the most time of their own. */
export function rooms(root: Call): Share[] {
  return sharesBy(root, ({ room }) => room).map((each) => ({ ...each, name: '' }));
}

/** Returns the room of a script: a folder of the sources, a package, Node, or what V8 does without a script. */
export function roomOf(url: string, functionName: string): string {
  if (functionName === '(garbage collector)') return 'garbage collection';
  const ours = /\/src\/([^/]+?)(?:\/|\.[jt]s$)/.exec(url);
  if (ours?.[1] !== undefined && !url.includes('/node_modules/')) return ours[1];
  const module = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url);
  if (module?.[1] !== undefined) return module[1];
  return url.startsWith('node:') ? 'Node' : 'native';
}

/** One call of all nodes that are the same function from the same place: V8 tells them apart by position. */
function callOf(
  same: readonly ProfileNode[],
  nodes: ReadonlyMap<number, ProfileNode>,
  selfTimes: ReadonlyMap<number, number>,
): Call {
  const groups = new Map<string, ProfileNode[]>();
  for (const node of same) {
    for (const id of node.children ?? []) {
      const child = nodes.get(id);
      if (child === undefined || child.callFrame.functionName === IDLE) continue;
      const { url, functionName, lineNumber } = child.callFrame;
      const key = `${url}\n${functionName}\n${functionName === '' ? lineNumber : ''}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [child]);
      else group.push(child);
    }
  }
  const calls = [...groups.values()]
    .map((group) => callOf(group, nodes, selfTimes))
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.total - a.total);
  const self = same.reduce((sum, { id }) => sum + (selfTimes.get(id) ?? 0), 0);
  const { functionName = '', url = '', lineNumber = 0 } = same[0]?.callFrame ?? {};
  const script = url.slice(url.lastIndexOf('/') + 1);
  return {
    name: functionName === '' ? `(anonymous) ${script}:${lineNumber + 1}` : functionName,
    room: roomOf(url, functionName),
    total: calls.reduce((sum, { total }) => sum + total, self),
    self,
    calls,
  };
}

function sharesBy(root: Call, keyOf: (call: Call) => string): Share[] {
  const sums = new Map<string, { call: Call; time: number }>();
  const add = (call: Call): void => {
    const key = keyOf(call);
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { call, time: call.self });
    else sum.time += call.self;
    for (const each of call.calls) add(each);
  };
  add(root);
  return [...sums.values()]
    .filter(({ time }) => time > 0)
    .sort((a, b) => b.time - a.time)
    .map(({ call: { name, room }, time }) => ({ name, room, share: time / root.total }));
}
