import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { ConfigError } from "../options/reading.ts";
import { optionTexts, parseSimOptions, simHelp } from "./options.ts";

test("optionTexts() is a command line of the same run, without its key", () => {
  const line = "--scenario slow --rate 0.5 --ramp 10/s --share 12.5% --target tcp://h:1,ws://h:2 " +
    "--api http://h:3";
  const options = parseSimOptions([...line.split(" "), "--api-key", "secret", "--json"]);
  const texts = optionTexts(options);
  for (
    const text of ["--scenario slow", "--transport tcp,ws", "--heartbeat 30s", "--share 12.5%"]
  ) {
    assert.ok(texts.includes(text), text);
  }
  const again = parseSimOptions(texts.join(" ").split(" "));
  assert.deepEqual(again, { ...options, apiKey: "", json: false });
});

describe("parseSimOptions()", () => {
  it("has a default for everything", () => {
    assert.deepEqual(parseSimOptions([]), {
      scenario: "fanout",
      clients: 10_000,
      rooms: 10,
      rate: 40,
      roomKeys: [],
      size: 100,
      transports: ["tcp", "ws"],
      heartbeatMs: 30_000,
      ramp: 1_000,
      durationMs: 60_000,
      share: 0.05,
      roomsEach: 1,
      workers: 0,
      seed: 1,
      targets: [],
      apis: [],
      apiKey: "",
      json: false,
      html: "",
    });
  });

  it("does something to more clients where they come back with their places", () => {
    const shareOf = (...args: string[]) => parseSimOptions(args).share;
    assert.equal(shareOf("--scenario", "recovery"), 1);
    assert.equal(shareOf("--scenario", "recovery", "--share", "20%"), 0.2);
    assert.equal(shareOf("--scenario", "slow"), 0.05);
  });

  it("makes a show one that can be watched: in a room of the demo page, with less to do", () => {
    const show = (...args: string[]) => {
      const options = parseSimOptions(["--scenario", "danmaku", ...args]);
      return [options.clients, options.rooms, options.rate, options.roomKeys];
    };
    assert.deepEqual(show(), [200, 1, 20, ["demo://1"]]);
    assert.deepEqual(show("--rooms", "2", "--clients", "9"), [
      ...[9, 2, 20],
      ["demo://1", "demo://2"],
    ]);
    const [, rooms, , keys] = show("--room", "live://7,demo://x", "--rate", "5");
    assert.deepEqual([rooms, keys], [2, ["live://7", "demo://x"]]);
  });

  it("refuses rooms that do not go with the rest", () => {
    const mistakesOf = (...args: string[]) => {
      try {
        parseSimOptions(args);
      } catch (error) {
        return (error as ConfigError).mistakes;
      }
    };
    const show = ["--scenario", "danmaku"];
    assert.deepEqual(mistakesOf("--room", "live://1"), ["--room goes with --scenario danmaku"]);
    assert.deepEqual(mistakesOf(...show, "--room", "a://1,a://1"), [
      "--room: each must be another room",
    ]);
    assert.deepEqual(mistakesOf(...show, "--room", "a://1", "--rooms", "2"), [
      "--rooms and --room do not go together",
    ]);
    assert.match(mistakesOf(...show, "--room", "a")![0], /^--room = "?\[?"a"/);
  });

  it("takes every flag", () => {
    const line = "--scenario churn --clients 5 --rooms 2 --rate 0.5 --size 32 --transport ws " +
      "--heartbeat 1500ms --ramp 10/s --duration 2m --share 12.5% --workers 3 --seed 7 --json --html a.html " +
      "--target tcp://h:1,ws://[::1]:2 --api http://h:3 --api-key secret";
    assert.deepEqual(parseSimOptions(line.split(" ")), {
      scenario: "churn",
      clients: 5,
      rooms: 2,
      rate: 0.5,
      roomKeys: [],
      size: 32,
      transports: ["ws"],
      heartbeatMs: 1_500,
      ramp: 10,
      durationMs: 120_000,
      share: 0.125,
      roomsEach: 1,
      workers: 3,
      seed: 7,
      targets: ["tcp://h:1", "ws://[::1]:2"],
      apis: ["http://h:3"],
      apiKey: "secret",
      json: true,
      html: "a.html",
    });
  });

  it("wants whole numbers of what comes in ones, and no heartbeat below a server's least", () => {
    const mistakesOf = (line: string) => {
      try {
        parseSimOptions(line.split(" "));
        return [];
      } catch (error) {
        return (error as ConfigError).mistakes;
      }
    };
    for (const flag of ["clients", "rooms", "size", "workers", "seed"]) {
      const wanted = new RegExp(`^--${flag} = "40.5": must be a whole number`);
      assert.match(mistakesOf(`--${flag} 40.5`).join(), wanted);
    }
    assert.deepEqual(mistakesOf("--rate 0.5"), []);
    assert.match(mistakesOf("--heartbeat 999ms").join(), /must be a duration of 1s to 1h$/);
    assert.deepEqual(mistakesOf("--transport="), ['--transport = "": must be tcp, ws or both']);
    assert.deepEqual(mistakesOf("--nope 3"), ["--nope: there is no such flag"]);
  });

  it("tells every mistake at once", () => {
    const line = "--clients none --size 10 --transport udp --heartbeat 3 --scenario calm " +
      "--seed -1 --wrong 1 more --target http://h:1";
    assert.throws(() => parseSimOptions(line.split(" ")), (error) => {
      assert.ok(error instanceof ConfigError);
      const flags = error.mistakes.map((mistake) => mistake.split(/[ :]/)[0]);
      const wanted = ["--clients", "--size", "--transport", "--heartbeat", "--scenario", "--seed"];
      for (const flag of [...wanted, "--wrong", "unexpected", "--target"]) {
        assert.ok(flags.includes(flag), `${flag} in ${error.message}`);
      }
      return true;
    });
  });

  it("wants several processes where clients are sent from one to another", () => {
    const rolling = ["--scenario", "rolling"];
    assert.throws(() => parseSimOptions(rolling), /rolling goes with --target and --api/);
    const given = [...rolling, "--target", "ws://a:1,ws://b:1", "--api", "http://a:2/,http://b:2"];
    assert.deepEqual(parseSimOptions(given).apis, ["http://a:2", "http://b:2"]);
  });

  it("wants a target and its API together", () => {
    assert.throws(() => parseSimOptions(["--api", "http://h:3"]), /--target and --api go together/);
    assert.throws(() => parseSimOptions(["--target", "tcp://h:1"]), /go together/);
  });

  it("is what the help explains", () => {
    for (const flag of ["scenario", "clients", "seed", "json", "html", "api-key"]) {
      assert.match(simHelp, new RegExp(`^  --${flag}\\b`, "m"));
    }
  });
});
