/** What the recipes render, before the real ms-swift of each version and on simulated hosts. One file after the other: they share the hosts. */
module.exports = {
  ...require("../jest.config"),
  rootDir: "..",
  testMatch: ["<rootDir>/test/recipes-real/**/*.test.ts"],
  testSequencer: "<rootDir>/test/support/by-name.js",
  globalSetup: "<rootDir>/test/recipes-real/start.ts",
  globalTeardown: "<rootDir>/test/recipes-real/stop.ts",
  maxWorkers: 1,
  testTimeout: 180_000,
};
