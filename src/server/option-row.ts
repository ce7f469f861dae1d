/** What an option is, as data: the columns of the table in options.ts. */

interface OptionCommon {
  /** The flag without its dashes; also the key in the file, and STELE_NAME in the environment. */
  readonly name: string;
  /** Rekor's name where it is more than this one with `_` for `-`. */
  readonly alias?: string;
  readonly meaning: string;
}

/** One option as data. */
export type OptionRow =
  | (OptionCommon & {
      readonly kind: 'text' | 'path';
      /** Undefined: off, or as the meaning says. */
      readonly default: string | undefined;
      readonly pattern?: RegExp;
    })
  | (OptionCommon & {
      /** Any number of texts, which may hold commas: a flag each, items of a list, lines or `;` in the environment. */
      readonly kind: 'texts';
      readonly default: readonly string[];
    })
  | (OptionCommon & {
      readonly kind: 'integer';
      /** Undefined: off. */
      readonly default: number | undefined;
      readonly least: number;
      readonly most: number;
    })
  | (OptionCommon & { readonly kind: 'boolean'; readonly default: boolean })
  | (OptionCommon & {
      readonly kind: 'choice';
      readonly default: string;
      readonly choices: readonly string[];
    })
  | (OptionCommon & {
      readonly kind: 'list';
      readonly default: readonly string[];
      readonly choices: readonly string[];
      /** Further choices, and what the help calls them. */
      readonly finer?: { readonly choices: readonly string[]; readonly text: string };
    })
  | (OptionCommon & {
      /** `name=number` pairs; each number at least 1. */
      readonly kind: 'sizes';
      readonly default: Readonly<Record<string, number>>;
      readonly names: readonly string[];
      readonly most: number;
    });
