import { testPushLog } from "../contract/push_log_suite.ts";
import { plainUpstashPushLog, upstashPushLog } from "../../tests/support/push_log_subjects.ts";

testPushLog(upstashPushLog);
testPushLog(plainUpstashPushLog);
