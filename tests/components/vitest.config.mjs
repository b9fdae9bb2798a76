// How the tests of the components are run: in what Convex's own runtime is like.
export default { test: { environment: "edge-runtime", server: { deps: { inline: ["convex-test"] } }, testTimeout: 60_000 } };
