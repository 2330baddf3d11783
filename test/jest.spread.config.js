/**
 * Images from host to host on simulated hosts that run already: MUSTER_SITE is the checkout with .muster/sandbox, with eight hosts or more.
 * The files run one at a time: they count what goes over the hosts' network.
 */
module.exports = {
  ...require("../jest.config"),
  rootDir: "..",
  testMatch: ["<rootDir>/test/spread/**/*.test.ts"],
  maxWorkers: 1,
  testTimeout: 300_000,
};
