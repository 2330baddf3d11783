/**
 * What the suites on simulated hosts share: their files run one after the other, in the order of their names, for they share the hosts.
 * They run in a process of their own (a limit on memory is what makes jest start one), which jest ends: nothing that a test leaves
 * at work can keep the runner from ending.
 */
module.exports = {
  ...require("../jest.config"),
  rootDir: "..",
  testSequencer: "<rootDir>/test/support/by-name.js",
  maxWorkers: 1,
  workerIdleMemoryLimit: "8GB",
};
