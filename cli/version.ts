import manifest from "../package.json" with { type: "json" };

/** The version of Halley. */
export const version: string = manifest.version;
