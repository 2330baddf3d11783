#!/usr/bin/env node
/**
 * Prints each skipped test, then "N passed, N failed, N skipped", from jest's reports: count-tests.js FOLDER SUITE...
 * A missing report is a failure.
 */
const fs = require("node:fs");
const path = require("node:path");

const [folder, ...suites] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const suite of suites) {
  const file = path.join(folder, `${suite}.json`);
  if (!fs.existsSync(file)) {
    console.log(`${suite}: no report, the runner did not finish`);
    total.failed += 1;
    continue;
  }
  const report = JSON.parse(fs.readFileSync(file, "utf8"));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
  total.skipped += report.numPendingTests + report.numTodoTests;
  for (const test of report.testResults.flatMap(result => result.assertionResults)) {
    if (test.status === "pending" || test.status === "todo") console.log(`skipped: ${test.fullName}`);
  }
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
