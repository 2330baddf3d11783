/** The gate, on simulated hosts whose links are slowed and whose ports are closed. The tests share one cluster and follow each other. */
module.exports = {
  ...require("../jest.config"),
  rootDir: "..",
  testMatch: ["<rootDir>/test/fabric/**/*.test.ts"],
  testSequencer: "<rootDir>/test/support/by-name.js",
  globalSetup: "<rootDir>/test/fabric/start.ts",
  globalTeardown: "<rootDir>/test/fabric/stop.ts",
  maxWorkers: 1,
  testTimeout: 180_000,
};
