/** What goes wrong in the middle of the main job, on simulated hosts: one after the other, on one cluster. Some ten minutes. */
module.exports = {
  ...require("../jest.config"),
  rootDir: "..",
  testMatch: ["<rootDir>/test/failures/**/*.test.ts"],
  testSequencer: "<rootDir>/test/support/by-name.js",
  globalSetup: "<rootDir>/test/failures/start.ts",
  globalTeardown: "<rootDir>/test/acceptance/stop.ts",
  maxWorkers: 1,
  testTimeout: 300_000,
};
