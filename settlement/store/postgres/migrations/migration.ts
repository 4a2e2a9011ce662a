/** One step of the schema: what it is called, and its statements, each of which is a step of its own. */
export type Migration = { name: string; statements: readonly string[] };
