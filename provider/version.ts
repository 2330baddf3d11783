/** Version of package muster; the same as in package.json. */
export const MUSTER_VERSION = "0.1.0";
