/** Everything that needs no engine process and no simulated hosts. */
module.exports = {
  ...require("../jest.config"),
  rootDir: "..",
  testPathIgnorePatterns: [
    "acceptance",
    "doctor",
    "engine",
    "environment",
    "fabric",
    "failures",
    "faults",
    "recipes-real",
    "secrets",
    "spread",
  ].map(folder => `<rootDir>/test/${folder}/`),
  // Most of these tests wait for other processes; jest's own choice on two cores would be one worker.
  maxWorkers: 3,
};
