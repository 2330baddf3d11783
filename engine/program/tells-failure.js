/**
 * Preloaded into the program. Tells the engine, which holds the other end of the channel, of an error that nothing has handled: the
 * run has failed, although the process may go on for long. An error that a program only logs is no failure.
 */
const tell = () => process.send?.("failed");

// Later, when cmd/run has its own handlers: ours alone would keep an error from ending the process.
setImmediate(() => {
  process.on("uncaughtException", tell);
  process.on("unhandledRejection", tell);
});
