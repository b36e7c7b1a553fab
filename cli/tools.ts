import { systemClock } from "../platform/system_clock.ts";
import type { Platform } from "../platform/port.ts";

/** Does its work and gives the code to end with; nothing when all is well. */
type Tool = (platform: Platform, args: readonly string[]) => Promise<number | void>;

/** Commands that run no server: what each is made of is read when it is asked for. */
export const tools: Readonly<Record<string, Tool>> = {
  "sim": async (platform, args) => await (await import("../sim/main.ts")).runSim(platform, args),
  "api-key": async (_, args) => {
    const { apiKeyCommand } = await import("./api_key_command.ts");
    console.log(apiKeyCommand(args, (text) => console.error(`halley: ${text}`)));
  },
  "token": async (platform, args) => {
    const { tokenCommand } = await import("./token_command.ts");
    console.log(await tokenCommand(platform, args, systemClock.wallMs()));
  },
  "check-token": async (platform, args) => {
    const { checkTokenCommand } = await import("./check_token_command.ts");
    const { text, code } = await checkTokenCommand(platform, args, systemClock);
    console.log(text);
    return code;
  },
  "drain": async ({ process: { env } }, args) => {
    const { drainCommand } = await import("./drain_command.ts");
    return await drainCommand(args, {
      fetch,
      clock: systemClock,
      apiKey: env.HALLEY_API_KEY,
      say: (text, isError = false) => isError ? console.error(text) : console.log(text),
    });
  },
};
