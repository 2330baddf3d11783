/** The main job on simulated hosts. The files run one at a time and in the order of their names: they share one cluster. */
module.exports = {
  ...require("./jest.hosts.config"),
  testMatch: ["<rootDir>/test/acceptance/**/*.test.ts"],
  globalSetup: "<rootDir>/test/acceptance/start.ts",
  globalTeardown: "<rootDir>/test/acceptance/stop.ts",
  testTimeout: 300_000,
};
