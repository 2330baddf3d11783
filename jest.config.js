/** Jest runs the TypeScript through swc: no type check here, `npm run build` does that. */
module.exports = {
  testEnvironment: "node",
  // A bound for tests that start real processes on a busy machine, not a measurement.
  testTimeout: 60_000,
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  modulePathIgnorePatterns: ["<rootDir>/dist/", "<rootDir>/.muster/"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript", decorators: true }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
};
