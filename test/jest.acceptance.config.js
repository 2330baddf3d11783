/** The main job on simulated hosts. The files run one at a time and in the order of their names: they share one cluster. */
module.exports = {
  ...require("../jest.config"),
  rootDir: "..",
  testMatch: ["<rootDir>/test/acceptance/**/*.test.ts"],
  testSequencer: "<rootDir>/test/support/by-name.js",
  globalSetup: "<rootDir>/test/acceptance/start.ts",
  globalTeardown: "<rootDir>/test/acceptance/stop.ts",
  maxWorkers: 1,
  testTimeout: 300_000,
};
