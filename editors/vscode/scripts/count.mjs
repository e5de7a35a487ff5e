// Prints "PASSED FAILED" of a result file of vitest or Playwright; a file that is not there is one failure. A test that
// passed only when it was repeated has failed. A test that ran others says in annotations how many of them passed.
import { readFileSync } from 'node:fs';

try {
  const results = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  const [passed, failed] = results.suites === undefined ? [results.numPassedTests, results.numFailedTests] : ofPlaywright(results);
  console.log(passed, failed + (results.errors ?? []).length);
} catch {
  console.log(0, 1);
}

function ofPlaywright({ suites }) {
  let [passed, failed] = [0, 0];
  const visit = (suite) => {
    for (const inner of suite.suites ?? []) visit(inner);
    for (const { status, annotations } of (suite.specs ?? []).flatMap(({ tests }) => tests)) {
      const told = (type) => Number(annotations.find((annotation) => annotation.type === type)?.description ?? 0);
      passed += told('passed') || (status === 'expected' ? 1 : 0);
      failed += told('failed') || (status === 'expected' || status === 'skipped' ? 0 : 1);
    }
  };
  for (const suite of suites) visit(suite);
  return [passed, failed];
}
