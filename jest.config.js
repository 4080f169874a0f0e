import { availableParallelism } from 'node:os';

/** Types are checked by `tsc --noEmit`; Jest only strips them. */
const stripped = {
  testEnvironment: 'node',
  setupFilesAfterEnv: ['<rootDir>/test/house/lists.ts'],
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
  // Jest leaves one core to itself, which is half of a small machine.
  maxWorkers: availableParallelism(),
  testSequencer: '<rootDir>/test/house/order.js',
  reporters: ['default', '<rootDir>/test/house/tally.js'],
  testTimeout: 20_000,
};
