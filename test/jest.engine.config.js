/** The embedded engine: unit tests and lifecycles with real programs and providers. */
module.exports = {
  ...require("../jest.config"),
  rootDir: "..",
  testMatch: ["<rootDir>/test/engine/**/*.test.ts"],
  // Most of them wait for a program; jest's own choice on two cores would be one worker.
  maxWorkers: 2,
};
