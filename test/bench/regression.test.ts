import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../bench/regression.js';

test('up to 30 % over the baseline is good, whatever single rounds say', () => {
  assert.equal(judge([2, 2.5, 2.6, 9, 9], 2), 'good');
  assert.equal(judge([1, 1, 1], 2), 'good');
});

test('over 30 % is a regression when at most one round says otherwise', () => {
  assert.equal(judge([2.7, 2.7, 2.8, 2.8, 3], 2), 'regression');
  assert.equal(judge([2.1, 2.7, 2.8, 2.8, 3], 2), 'regression');
});

test('rounds that disagree judge nothing', () => {
  assert.equal(judge([2.1, 2.2, 2.8, 2.9, 3], 2), 'unjudged');
});

test('without a baseline nothing is judged', () => {
  assert.equal(judge([1, 1, 1], undefined), 'unjudged');
});
