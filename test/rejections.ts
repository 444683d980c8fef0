/** A rejection that nobody takes ends a daemon on a node; here it fails the test. Mocha alone lets it pass. */
process.on("unhandledRejection", (reason) => {
  throw reason;
});
