/** Faults that doctor must find, planted on simulated hosts: one after the other on the same hosts. */
module.exports = {
  ...require("../jest.config"),
  rootDir: "..",
  testMatch: ["<rootDir>/test/fabric/doctor*.test.ts"],
  testSequencer: "<rootDir>/test/support/by-name.js",
  globalSetup: "<rootDir>/test/fabric/doctor/start.ts",
  globalTeardown: "<rootDir>/test/fabric/doctor/stop.ts",
  maxWorkers: 1,
  testTimeout: 180_000,
};
