/** What goes wrong in the middle of the main job, on simulated hosts: one after the other, on one cluster. Some ten minutes. */
module.exports = {
  ...require("./jest.hosts.config"),
  testMatch: ["<rootDir>/test/failures/**/*.test.ts"],
  globalSetup: "<rootDir>/test/failures/start.ts",
  globalTeardown: "<rootDir>/test/acceptance/stop.ts",
  testTimeout: 1_200_000,
};
