import assert from "node:assert/strict";
import { test } from "node:test";
import { historyQuery } from "./history_query.ts";

/** What is asked for, and the query. */
const QUERIES: readonly [object, object][] = [
  [{}, { after: 0, limit: 100 }],
  [{ after: 0 }, { after: 0, limit: 100 }],
  [{ after: 2147483647, limit: 1000 }, { after: 2147483647, limit: 1000 }],
  [{ last: 1 }, { last: 1, limit: 1 }],
  [{ last: 1000 }, { last: 1000, limit: 1000 }],
  [{ last: 50, limit: 7 }, { last: 50, limit: 7 }],
  [{ fromMs: 0, toMs: 0 }, { fromMs: 0, toMs: 0, limit: 100 }],
  [
    { fromMs: 5, toMs: Number.MAX_SAFE_INTEGER, after: 3, limit: 1 },
    { fromMs: 5, toMs: Number.MAX_SAFE_INTEGER, after: 3, limit: 1 },
  ],
];

for (const [range, query] of QUERIES) {
  test(`historyQuery() takes ${JSON.stringify(range)}`, () => {
    assert.deepEqual(historyQuery("live://1", range, 9), {
      room: "live://1",
      bytesMax: 9,
      ...query,
    });
  });
}

const media = "from_ms and to_ms must be integers from 0, and from_ms not above to_ms";

/** What is asked for, and what is wrong with it. */
const WRONG: readonly [object, string][] = [
  [{ after: -1 }, "after must be an integer, 0 to 2147483647, current value is -1"],
  [{ after: 2 ** 31 }, "after must be an integer, 0 to 2147483647, current value is 2147483648"],
  [{ after: "1" }, 'after must be an integer, 0 to 2147483647, current value is "1"'],
  [{ after: NaN }, "after must be an integer, 0 to 2147483647, current value is null"],
  [{ limit: 0 }, "limit must be an integer, 1 to 1000, current value is 0"],
  [{ limit: 1001 }, "limit must be an integer, 1 to 1000, current value is 1001"],
  [{ limit: 1.5 }, "limit must be an integer, 1 to 1000, current value is 1.5"],
  [{ limit: {} }, "limit must be an integer, 1 to 1000, current value is {}"],
  [{ last: 0 }, "last must be an integer, 1 to 1000, current value is 0"],
  [{ last: 1e9 }, "last must be an integer, 1 to 1000, current value is 1000000000"],
  [{ last: 5, after: 1 }, "last must be given alone, or with limit"],
  [{ last: 5, fromMs: 1, toMs: 2 }, "last must be given alone, or with limit"],
  [{ fromMs: 1 }, media],
  [{ toMs: 1 }, media],
  [{ fromMs: 2, toMs: 1 }, media],
  [{ fromMs: -1, toMs: 1 }, media],
  [{ fromMs: 0, toMs: 2 ** 53 }, media],
  [{ fromMs: "0", toMs: 1 }, media],
];

for (const [range, wrong] of WRONG) {
  test(`historyQuery() refuses ${JSON.stringify(range)}`, () => {
    assert.deepEqual(historyQuery("live://1", range, 9), { wrong });
  });
}
