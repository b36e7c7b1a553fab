import { upstashModeration } from "../../tests/support/moderation_subjects.ts";
import { testModeration } from "../contract/moderation_suite.ts";

testModeration(upstashModeration);
