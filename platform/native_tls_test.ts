import { overTls } from "./contract/certificates.ts";
import { byteStreamsContract } from "./contract_suite.ts";
import { selectPlatform } from "./select.ts";

const platform = await selectPlatform();
byteStreamsContract(`${platform.process.runtime} over TLS`, overTls(platform), 300);
