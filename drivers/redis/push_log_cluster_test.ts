import { testPushLog } from "../contract/push_log_suite.ts";
import { redisClusterPushLog } from "../../tests/support/push_log_subjects.ts";

testPushLog(redisClusterPushLog);
