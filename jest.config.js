import { availableParallelism } from 'node:os';

/** Types are checked by `tsc --noEmit`; Jest only strips them. */
const stripped = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};

export default {
  projects: [
    { ...stripped, testMatch: ['<rootDir>/test/**/*.test.ts'], testPathIgnorePatterns: ['\\.alone\\.test\\.ts$'] },
    // What these see is held to a bound of milliseconds: nothing else runs beside them.
    { ...stripped, testMatch: ['<rootDir>/test/**/*.alone.test.ts'], runner: '<rootDir>/test/house/alone.js' },
  ],
  // Most of the time goes into waiting for daemons: one more than there are cores keeps those busy.
  maxWorkers: availableParallelism() + 1,
  testSequencer: '<rootDir>/test/house/order.js',
  reporters: ['default', '<rootDir>/test/house/tally.js'],
  testTimeout: 20_000,
};
