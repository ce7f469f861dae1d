// The unmodified witnesses that .ci/run builds, and the program that checks notes by the library of one of them.
import { toolPath } from './tools.mjs';

const TORCHWOOD = '0.9.1-0.20260706112420-c22a68158d96';
const TRANSPARENCY_DEV = '0.0.0-20260701145555-54dbcdd14f82';

/** The path of torchwood's witness. */
export const LITEWITNESS = toolPath('STELE_LITEWITNESS', `litewitness-${TORCHWOOD}`, 'litewitness');

/** The path of torchwood-check/main.go, compiled. */
export const TORCHWOOD_CHECK = toolPath(
  'STELE_TORCHWOOD_CHECK',
  `torchwood-check-${TORCHWOOD}`,
  'torchwood-check',
);

/** The path of the witness of transparency-dev. */
export const OMNIWITNESS = toolPath(
  'STELE_OMNIWITNESS',
  `omniwitness-${TRANSPARENCY_DEV}`,
  'omniwitness',
);

/** The path of the feeder of transparency-dev; beside it lies `logs.yaml`, the list of logs that is compiled into it. */
export const FEEDWITNESS = toolPath(
  'STELE_FEEDWITNESS',
  `feedwitness-${TRANSPARENCY_DEV}`,
  'feedwitness',
);
