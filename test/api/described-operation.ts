/** Operations and examples of openapi.yaml, as requests that can be sent and answers that can be checked. */

type Json = Record<string, unknown>;

/** One example: a request and the answer that is described for it. */
export interface Example {
  readonly operation: string;
  readonly name: string;
  readonly method: string;
  /** Path and query, filled in. */
  readonly target: string;
  /** JSON text. */
  readonly body: string | undefined;
  readonly status: number;
  /** Undefined: an empty body. */
  readonly mediaType: string | undefined;
  /** Where the schema of the body stands in the document, as a JSON pointer. */
  readonly schemaPointer: string | undefined;
  /** Headers that the answer must have. */
  readonly requiredHeaders: readonly string[];
  /** The answer as it is shown. */
  readonly shown: unknown;
}

const METHODS = ['get', 'post', 'put', 'delete', 'patch', 'head'];

const SHARED = /^#\/components\/(examples|headers|parameters|responses)\/(\w+)$/;

/**
 * Returns a description in which examples, headers, parameters and responses stand where they are only referred to;
 * schemas stay references. Throws for a reference that leads nowhere.
 */
export function withSharedParts<Described extends Json>(document: Described): Described {
  const components = document['components'] as Record<string, Json>;
  const resolved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolved);
    if (typeof value !== 'object' || value === null) return value;
    const [, kind = '', name = ''] = SHARED.exec(String((value as Json)['$ref'])) ?? [];
    if (kind === '') {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item)]));
    }
    const part = components[kind]?.[name];
    if (part === undefined) throw new Error(`there is no ${kind}/${name}`);
    return resolved(part);
  };
  return { ...document, paths: resolved(document['paths']) };
}

/** Returns the operation IDs of a description. */
export function operationIDs(document: Json): string[] {
  return operations(document).map(({ operation }) => operation['operationId'] as string);
}

/** Returns every example of a description, in its order. */
export function examplesOf(document: Json): Example[] {
  return operations(document).flatMap(({ path, method, operation }) =>
    Object.entries(operation['responses'] as Record<string, Json>).flatMap(([status, response]) =>
      namesOf(response).map(([name, mediaType]) => {
        const pointer = [
          'paths',
          path,
          method,
          'responses',
          status,
          'content',
          mediaType,
          'schema',
        ];
        const content = response['content'] as Record<string, Json> | undefined;
        const media = mediaType === undefined ? undefined : content?.[mediaType];
        return {
          operation: operation['operationId'] as string,
          name,
          method: method.toUpperCase(),
          target: targetOf(path, operation, name),
          body: bodyOf(operation, name),
          status: Number(status),
          mediaType,
          schemaPointer:
            mediaType === undefined
              ? undefined
              : pointer.map((part) => pointerPart(part as string)).join('/'),
          requiredHeaders: requiredHeaders(response),
          shown: (media?.['examples'] as Record<string, { value: unknown }> | undefined)?.[name]
            ?.value,
        };
      }),
    ),
  );
}

function operations(document: Json): { path: string; method: string; operation: Json }[] {
  const paths = document['paths'] as Record<string, Record<string, Json>>;
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, operation]) => ({ path, method, operation })),
  );
}

/** Names of the examples of a response, each with its media type; `x-examples` names those without a body. */
function namesOf(response: Json): [name: string, mediaType: string | undefined][] {
  const bare = (response['x-examples'] as string[] | undefined) ?? [];
  const content = Object.entries((response['content'] as Record<string, Json> | undefined) ?? {});
  return [
    ...bare.map((name): [string, undefined] => [name, undefined]),
    ...content.flatMap(([type, media]) =>
      Object.keys((media['examples'] as Json | undefined) ?? {}).map((name): [string, string] => [
        name,
        type,
      ]),
    ),
  ];
}

function targetOf(path: string, operation: Json, name: string): string {
  let target = path;
  const query = new URLSearchParams();
  for (const parameter of (operation['parameters'] as Json[] | undefined) ?? []) {
    const examples = parameter['examples'] as Record<string, { value: unknown }> | undefined;
    const value = examples?.[name]?.value;
    if (value === undefined) continue;
    const parameterName = parameter['name'] as string;
    if (parameter['in'] === 'path') target = target.replace(`{${parameterName}}`, String(value));
    else query.set(parameterName, String(value));
  }
  return query.size === 0 ? target : `${target}?${query}`;
}

function bodyOf(operation: Json, name: string): string | undefined {
  const content = (operation['requestBody'] as Json | undefined)?.['content'] as
    | Record<string, Json>
    | undefined;
  const examples = content?.['application/json']?.['examples'] as
    | Record<string, { value: unknown }>
    | undefined;
  const example = examples?.[name];
  return example === undefined ? undefined : JSON.stringify(example.value);
}

function requiredHeaders(response: Json): string[] {
  const headers = (response['headers'] as Record<string, Json> | undefined) ?? {};
  return Object.entries(headers)
    .filter(([, header]) => header['required'] === true)
    .map(([name]) => name.toLowerCase());
}

function pointerPart(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}
