/** The gate, on simulated hosts whose links are slowed and whose ports are closed. The tests share one cluster and follow each other. */
module.exports = {
  ...require("./jest.hosts.config"),
  testMatch: ["<rootDir>/test/fabric/**/*.test.ts"],
  globalSetup: "<rootDir>/test/fabric/start.ts",
  globalTeardown: "<rootDir>/test/fabric/stop.ts",
  testTimeout: 300_000,
};
