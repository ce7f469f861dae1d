import { describeStore } from '../contract.js';
import { openAt, temporaryFolder } from './level-fixture.js';

describeStore('level', async ({ fault }) =>
  openAt(await temporaryFolder(), { create: true, ...(fault === undefined ? {} : { fault }) }),
);
