import type { Browser, Locator, Page } from "playwright-core";
import { openPage } from "./chromium.ts";

/** What a script in a page sees of an element, where more is not asked for. */
interface Shown {
  readonly textContent: string | null;
}

/** The demo as somebody watches it, in a profile of their own. */
export class DemoPage {
  /** What went wrong in the page, and what its console complained about. */
  readonly complaints: string[] = [];

  private constructor(readonly page: Page) {
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
  }

  /**
   * Opens it, and settles when it is live.
   *
   * @param more Further parameters of its address.
   */
  static async open(
    browser: Browser,
    site: string,
    room: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<DemoPage> {
    const page = await openPage(browser, "about:blank");
    const demo = new DemoPage(page);
    await page.goto(`${site}/demo?${new URLSearchParams({ room, ...more })}`);
    await demo.shows("state", "Live");
    return demo;
  }

  part(name: string): Locator {
    return this.page.getByTestId(name);
  }

  /** Waits until a part of the page says so. */
  async shows(name: string, text: string | RegExp): Promise<void> {
    await this.part(name).filter({ hasText: text }).waitFor();
  }

  async say(text: string): Promise<void> {
    await this.part("text").fill(text);
    await this.part("text").press("Enter");
  }

  /** Goes to a place of the scene, in milliseconds. */
  async seek(mediaMs: number): Promise<void> {
    await this.part("seek").fill(String(mediaMs));
  }

  /** Waits for a comment in a list. */
  async lists(list: "latest" | "here", text: string): Promise<void> {
    const exact = this.page.locator(".text").getByText(text, { exact: true });
    await this.part(list).locator(".text").and(exact).first().waitFor({ state: "attached" });
  }

  /** Waits for a comment on the scene. */
  async stages(text: string): Promise<void> {
    const comments = this.part("comments").locator(".comment").filter({ hasText: text });
    await comments.first().waitFor({ state: "attached" });
  }

  /** All comments of a list, oldest first. */
  listed(list: "latest" | "here"): Promise<(string | null)[]> {
    return this.part(list).locator(".text").evaluateAll((rows: Shown[]) =>
      rows.map(({ textContent }) => textContent).reverse()
    );
  }

  /** Elements and texts that the page holds, in the document or not. */
  async domNodes(): Promise<number> {
    const session = await this.page.context().newCDPSession(this.page);
    await session.send("HeapProfiler.collectGarbage");
    const { nodes } = await session.send("Memory.getDOMCounters");
    await session.detach();
    return nodes;
  }
}
