/** Everything that needs no engine process and no simulated hosts. */
module.exports = {
  ...require("../jest.config"),
  rootDir: "..",
  testPathIgnorePatterns: ["<rootDir>/test/acceptance/", "<rootDir>/test/engine/", "<rootDir>/test/spread/"],
  // Most of these tests wait for other processes; jest's own choice on two cores would be one worker.
  maxWorkers: 3,
};
