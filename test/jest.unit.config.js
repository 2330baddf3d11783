/** Everything that needs no engine process and no simulated hosts. */
module.exports = {
  ...require("../jest.config"),
  rootDir: "..",
  testPathIgnorePatterns: ["<rootDir>/test/acceptance/", "<rootDir>/test/engine/"],
};
