import { sqlitePushLog } from "../../tests/support/push_log_subjects.ts";
import { testPushLog } from "../contract/push_log_suite.ts";

testPushLog(sqlitePushLog);
