import { expect, expectAccessible, test } from "./fixtures/test";

/** The frame of all pages takes the browser's time zone, which fails here. */
function breakFrame(): void {
  Intl.DateTimeFormat = function broken() {
    throw new Error("a fault of the test");
  } as unknown as typeof Intl.DateTimeFormat;
}

for (const [locale, heading, reload] of [
  ["en-US", "This page has stopped working", "Reload the page"],
  ["ko-KR", "페이지에 문제가 생겼습니다", "페이지 새로고침"],
] as const) {
  test(`what stands around all pages fails in ${locale}`, async ({ browser, baseURL }) => {
    const context = await browser.newContext({ baseURL: baseURL ?? "", locale, colorScheme: "dark" });
    const page = await context.newPage();
    await page.addInitScript(breakFrame);
    await page.goto("/login");
    await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
    await expect(page.getByRole("button", { name: reload })).toBeVisible();
    await expect(page.getByText("a fault of the test")).toHaveCount(0);
    await expect(page.locator("html")).toHaveAttribute("lang", locale.slice(0, 2));
    await expect(page.locator("html")).toHaveClass(/dark/);
    await expectAccessible(page);
    await context.close();
  });
}
