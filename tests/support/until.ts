import { within } from "./raw_client.ts";

/** Waits until something holds, and fails when it does not in time. */
export function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = 20_000,
): Promise<void> {
  let late = false;
  const poll = async () => {
    while (!late && !await holds()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return within(what, poll(), deadlineMs).finally(() => late = true);
}
