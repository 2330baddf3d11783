/** What the recipes render, before the real ms-swift of each version and on simulated hosts. One file after the other: they share the hosts. */
module.exports = {
  ...require("./jest.hosts.config"),
  testMatch: ["<rootDir>/test/recipes-real/**/*.test.ts"],
  globalSetup: "<rootDir>/test/recipes-real/start.ts",
  globalTeardown: "<rootDir>/test/recipes-real/stop.ts",
  testTimeout: 180_000,
};
