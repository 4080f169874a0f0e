/**
 * The last line of a test run: `12 passed, 0 failed`, and what was skipped, by name.
 * A file that could not run counts as one failure. Printed at exit, because
 * Jest's own summary comes after every reporter.
 */
export default class Tally {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests, numTodoTests } = results;
    const skipped = results.testResults.flatMap((suite) =>
      suite.testResults.filter(({ status }) => status === 'pending' || status === 'todo').map((test) => test.fullName),
    );
    const line = `${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`;
    const count = numPendingTests + numTodoTests;
    const last = count === 0 ? line : `${line}, ${count} skipped`;
    process.once('exit', () => {
      process.stdout.write([...skipped.map((name) => `skipped: ${name}`), last, ''].join('\n'));
    });
  }
}
