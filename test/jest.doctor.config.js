/** Faults that doctor must find, planted on simulated hosts: one after the other on the same hosts. */
module.exports = {
  ...require("./jest.hosts.config"),
  testMatch: ["<rootDir>/test/doctor/**/*.test.ts"],
  globalSetup: "<rootDir>/test/doctor/start.ts",
  globalTeardown: "<rootDir>/test/doctor/stop.ts",
  testTimeout: 300_000,
};
