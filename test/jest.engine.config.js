/** The embedded engine: unit tests and lifecycles with real programs and providers. */
module.exports = { ...require("../jest.config"), rootDir: "..", testMatch: ["<rootDir>/test/engine/**/*.test.ts"] };
