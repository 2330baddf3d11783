/** Secrets through a whole lifecycle, on a demo that is up: MUSTER_ACCEPTANCE_CHECKOUT is its checkout, whose files are edited. */
module.exports = {
  ...require("../jest.config"),
  rootDir: "..",
  testMatch: ["<rootDir>/test/secrets/**/*.test.ts"],
  maxWorkers: 1,
  testTimeout: 300_000,
};
