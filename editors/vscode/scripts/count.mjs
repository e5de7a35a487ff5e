// Prints "PASSED FAILED" of a result file of vitest or Playwright; a file that is not there is one failure.
import { readFileSync } from 'node:fs';

try {
  const results = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  if (results.stats !== undefined) console.log(results.stats.expected + results.stats.flaky, results.stats.unexpected);
  else console.log(results.numPassedTests, results.numFailedTests);
} catch {
  console.log(0, 1);
}
