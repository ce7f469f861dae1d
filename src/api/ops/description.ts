/** The description of the API, from YAML, and what its viewer shows of it. */

import { parse } from 'yaml';

/** One operation of the description. */
export interface DescribedOperation {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
}

/** Returns the description as a JSON value. */
export function describeApi(openapiText: string): unknown {
  return parse(openapiText);
}

/** Returns the operations of a description, in its order. */
export function describedOperations(description: unknown): readonly DescribedOperation[] {
  const { paths } = description as { paths: Record<string, Record<string, { summary?: string }>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => METHODS.has(method))
      .map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        summary: operation.summary ?? '',
      })),
  );
}

const METHODS: ReadonlySet<string> = new Set(['get', 'post', 'head', 'put', 'delete', 'patch']);
