/** Faults, images from host to host, and jobs without Docker, on simulated hosts: one after the other on the same hosts. */
module.exports = {
  ...require("./jest.hosts.config"),
  testMatch: [
    "<rootDir>/test/faults/**/*.test.ts",
    "<rootDir>/test/spread/**/*.test.ts",
    "<rootDir>/test/environment/**/*.test.ts",
  ],
  globalSetup: "<rootDir>/test/faults/start.ts",
  globalTeardown: "<rootDir>/test/faults/stop.ts",
  testTimeout: 180_000,
};
