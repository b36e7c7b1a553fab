import { selectPlatform } from "../select.ts";

// A process of its own for tests: prints its limit of open files.
const { process } = await selectPlatform();
console.log(process.openFilesMax());
