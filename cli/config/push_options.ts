import { bytes, inSection, integer, text } from "../../options/kinds.ts";

/** Options of pushes on their way, and of what is kept of them. */
export const pushOptions = inSection("push", {
  partitions: integer({
    name: "partitions",
    default: 8,
    min: 1,
    max: 1024,
    text: "Partitions of the push log; pushes to one room stay in one of them, in order",
  }),
  pushLogBytesMax: bytes({
    name: "push-log-max",
    default: 16 * 1024 ** 2,
    min: 1024 ** 2,
    max: 4 * 1024 ** 3,
    text: "Pushes not yet delivered that one partition may hold; then pushing fails",
  }),
  data: text({
    name: "data",
    default: "",
    defaultText: "none",
    placeholder: "DIR",
    range: "a path, or empty for none",
    form: /^[^\0]*$/,
    text: "Directory where start keeps the history of rooms; without it that is in memory",
  }),
});
